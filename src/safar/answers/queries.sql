-- name: questions
-- What customers wrote, by message.
SELECT
    m.id, m.conversation_id, m.customer_id, m.channel_id, m.address, m.subject, m.body, m.language,
    c.campaign_id
FROM messages AS m
INNER JOIN conversations AS c ON c.id = m.conversation_id
WHERE m.id = ANY(%(ids)s) AND m.direction = 'in'

-- name: spoken
-- For each question: when the bot spoke at its address, and whether its text came from there before.
SELECT
    p.question_id,
    ARRAY(
        SELECT m.at FROM messages AS m
        WHERE m.channel_id = p.channel_id AND m.address = p.address AND m.at > %(since)s AND m.author = 'bot'
        ORDER BY m.at DESC
        LIMIT 200
    ) AS at,
    EXISTS (
        SELECT FROM messages AS m
        INNER JOIN messages AS q ON q.id = p.question_id
        WHERE m.channel_id = p.channel_id AND m.address = p.address AND m.at > %(since)s AND m.at <= q.at
            AND m.direction = 'in' AND m.id <> q.id AND m.body = q.body
    ) AS repeats
FROM jsonb_to_recordset(%(places)s::jsonb) AS p (question_id uuid, channel_id uuid, address text)

-- name: titles
-- What we sell, for finding it in messages.
SELECT v.id, v.sku, v.title FROM catalogue_variants AS v WHERE v.published ORDER BY v.id LIMIT %(limit)s

-- name: offered
-- What a campaign has set aside: the product that its customers ask about.
SELECT variant_id AS id FROM stock_levels WHERE location_id = %(location_id)s LIMIT 2
