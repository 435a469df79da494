-- name: known
SELECT
    i.value AS email, c.name, c.country,
    (SELECT k.given FROM customer_consents AS k WHERE k.customer_id = c.id AND k.channel = 'email') AS consent
FROM customer_identities AS i
INNER JOIN customers AS own ON own.id = i.customer_id
INNER JOIN customers AS c ON c.id = coalesce(own.merged_into, own.id)
WHERE i.kind = 'email' AND i.value = ANY(%(emails)s)

-- name: exported
-- Those with an address of their own, by their ids.
SELECT
    c.id, i.value AS email, c.name, c.language, c.country, k.given AS consent, k.source, k.changed_at, c.created_at
FROM customers AS c
CROSS JOIN LATERAL (
    SELECT o.value FROM customer_identities AS o
    WHERE o.customer_id = c.id AND o.kind = 'email' ORDER BY o.created_at, o.id LIMIT 1
) AS i
LEFT JOIN customer_consents AS k ON k.customer_id = c.id AND k.channel = 'email'
WHERE c.merged_into IS NULL AND c.id > %(after)s
ORDER BY c.id
LIMIT %(limit)s
