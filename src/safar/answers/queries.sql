-- name: questions
-- What customers wrote, by message.
SELECT
    m.id, m.conversation_id, m.customer_id, m.channel_id, m.address, m.subject, m.body, m.language,
    c.campaign_id
FROM messages AS m
INNER JOIN conversations AS c ON c.id = m.conversation_id
WHERE m.id = ANY(%(ids)s) AND m.direction = 'in'

-- name: titles
-- What we sell, for finding it in messages.
SELECT v.id, v.sku, v.title FROM catalogue_variants AS v WHERE v.published ORDER BY v.id LIMIT %(limit)s

-- name: offered
-- What a campaign has set aside: the product that its customers ask about.
SELECT variant_id AS id FROM stock_levels WHERE location_id = %(location_id)s LIMIT 2
