-- name: unpaid_stock
-- Articles of which a great share is on order without being paid, and who has ordered most of that: a network, an
-- address or a browser. What waits for its payment is held, what is paid on delivery has left the level already.
WITH open_ AS (
    SELECT o.id, o.placed_at, g.variant_id, sum(g.quantity - g.shipped) AS units, p.by_visitor, p.by_address, p.by_network
    FROM payments AS p
    INNER JOIN orders AS o ON o.id = p.order_id
    INNER JOIN order_goods AS g ON g.order_id = o.id
    WHERE p.state IN ('started', 'due') AND o.state IN ('placed', 'confirmed', 'packed')
    GROUP BY o.id, o.placed_at, g.variant_id, p.by_visitor, p.by_address, p.by_network
),

unpaid AS (SELECT variant_id, sum(units)::bigint AS units FROM open_ GROUP BY variant_id),

great AS (
    SELECT u.variant_id, u.units, l.free
    FROM unpaid AS u
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(greatest(a.on_hand - a.held, 0)), 0)::bigint AS free
        FROM stock_levels AS s
        INNER JOIN capacity_accounts AS a ON a.id = s.account_id
        WHERE s.variant_id = u.variant_id
    ) AS l
    WHERE u.units > %(least)s AND u.units * 100 >= %(percent)s * (u.units + l.free)
    ORDER BY u.units::float8 / (u.units + l.free) DESC, u.variant_id
    LIMIT %(limit)s
)

SELECT g.variant_id, v.title, g.units, g.free, w.kind, w.units AS owner_units, w.orders, w.order_id
FROM great AS g
INNER JOIN variants AS v ON v.id = g.variant_id
CROSS JOIN LATERAL (
    SELECT
        k.kind, sum(o.units)::bigint AS units, count(*) AS orders,
        (array_agg(o.id ORDER BY o.placed_at DESC, o.id))[1] AS order_id
    FROM open_ AS o
    CROSS JOIN LATERAL (
        VALUES ('network', 1, o.by_network), ('address', 2, o.by_address), ('browser', 3, o.by_visitor)
    ) AS k (kind, rank, owner)
    WHERE o.variant_id = g.variant_id AND k.owner IS NOT NULL
    GROUP BY k.kind, k.rank, k.owner
    ORDER BY units DESC, k.rank, order_id
    LIMIT 1
) AS w
ORDER BY g.units::float8 / (g.units + g.free) DESC, g.variant_id

-- name: first_mails
-- Of these mails those about orders whose mailbox nobody has proven, with the network of the newest such order; not
-- those that were let go before and come again.
SELECT m.id AS message_id, o.by_network AS network
FROM jsonb_to_recordset(%(mails)s::jsonb) AS m (id uuid, customer_id uuid, email text)
CROSS JOIN LATERAL (
    SELECT p.by_network
    FROM orders AS n
    INNER JOIN payments AS p ON p.order_id = n.id
    WHERE n.customer_id = m.customer_id
    ORDER BY n.placed_at DESC
    LIMIT 1
) AS o
WHERE
    NOT EXISTS (SELECT FROM first_mails AS f WHERE f.message_id = m.id)
    AND NOT EXISTS (
        SELECT FROM customer_identities AS i
        WHERE i.kind = 'email' AND i.value = lower(m.email) AND i.customer_id IN (
            m.customer_id, (SELECT c.merged_into FROM customers AS c WHERE c.id = m.customer_id)
        )
    )
ORDER BY m.id

-- name: first_mails_lately
SELECT 'network' AS kind, f.network AS owner, count(*) AS mails
FROM first_mails AS f
WHERE f.network = ANY(%(networks)s::bigint []) AND f.left_at > %(hour_ago)s
GROUP BY f.network
UNION ALL
SELECT 'address', f.address, count(*)
FROM first_mails AS f
WHERE f.address = ANY(%(addresses)s::bigint []) AND f.left_at > %(day_ago)s
GROUP BY f.address

-- name: note_first_mails
INSERT INTO first_mails (message_id, network, address, left_at)
SELECT m.message_id, m.network, m.address, %(now)s
FROM jsonb_to_recordset(%(mails)s::jsonb) AS m (message_id uuid, network bigint, address bigint)
ON CONFLICT (message_id) DO NOTHING
