-- owns: product_pairs, product_popularity

-- name: related
-- What was bought with it, then of the same category: what sells best, what is called most alike.
WITH bought AS (
    SELECT p.id, row_number() OVER (ORDER BY x.orders DESC, p.id) AS place
    FROM product_pairs AS x
    INNER JOIN products AS p ON p.id = x.other_id AND p.published
    WHERE x.product_id = %(product_id)s
    ORDER BY x.orders DESC, p.id
    LIMIT %(limit)s
),

alike AS (
    SELECT p.id, %(limit)s + row_number() OVER () AS place
    FROM (
        SELECT p.id
        FROM products AS p
        LEFT JOIN product_popularity AS s ON s.product_id = p.id
        WHERE
            p.published AND p.category = %(category)s AND p.id <> %(product_id)s
            AND p.id NOT IN (SELECT b.id FROM bought AS b)
        ORDER BY s.units DESC NULLS LAST, word_similarity(%(letters)s, p.letters) DESC, p.id
        LIMIT %(limit)s
    ) AS p
)

SELECT r.id, r.place <= %(limit)s AS together
FROM (SELECT id, place FROM bought UNION ALL SELECT id, place FROM alike) AS r
ORDER BY r.place
LIMIT %(limit)s

-- name: count_pairs
INSERT INTO product_pairs AS x (product_id, other_id, orders, counted_at)
SELECT a.product_id, b.product_id, count(*), %(now)s
FROM (SELECT id FROM orders WHERE placed_at > %(since)s AND state <> 'cancelled') AS o
CROSS JOIN LATERAL (
    SELECT DISTINCT v.product_id
    FROM order_lines AS l
    INNER JOIN variants AS v ON v.id = l.variant_id
    WHERE l.order_id = o.id
) AS a
CROSS JOIN LATERAL (
    SELECT DISTINCT v.product_id
    FROM order_lines AS l
    INNER JOIN variants AS v ON v.id = l.variant_id
    WHERE l.order_id = o.id
) AS b
WHERE a.product_id <> b.product_id
GROUP BY a.product_id, b.product_id
HAVING count(*) > 1
ORDER BY a.product_id, b.product_id
ON CONFLICT (product_id, other_id) DO UPDATE SET orders = excluded.orders, counted_at = excluded.counted_at

-- name: forget_pairs
DELETE FROM product_pairs WHERE counted_at < %(now)s

-- name: count_popularity
INSERT INTO product_popularity AS s (product_id, units, counted_at)
SELECT v.product_id, sum(l.quantity), %(now)s
FROM orders AS o
INNER JOIN order_lines AS l ON l.order_id = o.id
INNER JOIN variants AS v ON v.id = l.variant_id
WHERE o.placed_at > %(since)s AND o.state <> 'cancelled'
GROUP BY v.product_id
ORDER BY v.product_id
ON CONFLICT (product_id) DO UPDATE SET units = excluded.units, counted_at = excluded.counted_at

-- name: forget_popularity
DELETE FROM product_popularity WHERE counted_at < %(now)s
