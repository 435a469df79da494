-- owns: given_up, given_up_lines, return_goods, return_lines, returns

-- name: kin
-- The orders whose goods these were exchanged for, and those whose money they were paid with.
SELECT order_id AS id FROM returns WHERE exchange_order_id = ANY(%(ids)s)
UNION
SELECT from_order_id FROM order_credits WHERE order_id = ANY(%(ids)s)

-- name: to_close
-- Delivered long enough ago, or sent so long ago that it counts as delivered; nothing of it is on its way back.
SELECT o.id FROM orders AS o
WHERE ((o.state = 'delivered' AND o.delivered_at < %(before)s) OR (o.state = 'shipped' AND o.shipped_at < %(sent_before)s
        AND NOT EXISTS (SELECT FROM payments AS p WHERE p.order_id = o.id AND p.state = 'due')))
    AND NOT EXISTS (
        SELECT FROM returns AS r
        WHERE r.order_id = o.id AND r.state IN ('requested', 'approved', 'received')
    )
    AND NOT EXISTS (
        SELECT FROM setbacks AS s
        WHERE s.queue = 'fulfilment.close' AND s.item = o.id::text AND s.next_try_at > %(now)s
    )
ORDER BY coalesce(o.delivered_at, o.shipped_at)
LIMIT %(limit)s

-- fragment: return
id, number, order_id, state, wish, note, answer, exchange_order_id, refund_id, refund_minor, with_shipping,
requested_at, decided_at, received_at, ended_at, staff_id

-- name: returns
SELECT {return} FROM returns
WHERE id = ANY(%(ids)s)

-- name: returns_of_orders
SELECT {return} FROM returns
WHERE order_id = ANY(%(ids)s)
ORDER BY number

-- name: returns_listed
SELECT
    r.id, r.number, r.state, r.wish, r.requested_at, r.order_id, o.number AS order_number, o.name, o.email,
    (SELECT sum(l.quantity) FROM return_lines AS l WHERE l.return_id = r.id)::bigint AS units
FROM returns AS r
INNER JOIN orders AS o ON o.id = r.order_id
WHERE
    (%(states)s::text [] IS NULL OR r.state = ANY(%(states)s)) AND r.number < %(before)s
    AND (%(number)s::bigint IS NULL OR r.number = %(number)s OR o.number = %(number)s)
ORDER BY r.number DESC
LIMIT %(limit)s

-- name: return_lines
SELECT
    l.return_id, l.variant_id, l.quantity, l.received, l.reason, l.wanted_id, v.sku, v.title,
    w.title AS wanted_title
FROM return_lines AS l
INNER JOIN variants AS v ON v.id = l.variant_id
LEFT JOIN variants AS w ON w.id = l.wanted_id
WHERE l.return_id = ANY(%(ids)s)
ORDER BY v.title, v.sku

-- name: return_goods
SELECT g.return_id, g.variant_id, g.location_id, g.quantity, v.sku, v.title, s.name AS location
FROM return_goods AS g
INNER JOIN variants AS v ON v.id = g.variant_id
INNER JOIN stock_locations AS s ON s.id = g.location_id
WHERE g.return_id = ANY(%(ids)s)
ORDER BY v.title, s.name

-- name: same_returns
SELECT id, fingerprint FROM returns WHERE id = ANY(%(ids)s)

-- name: same_given_up
SELECT id, fingerprint FROM given_up WHERE id = ANY(%(ids)s)

-- name: insert_returns
WITH lines AS (
    INSERT INTO return_lines (return_id, variant_id, quantity, reason, wanted_id)
    SELECT l.return_id, l.variant_id, l.quantity, l.reason, l.wanted_id
    FROM jsonb_to_recordset(%(lines)s::jsonb) AS l (
        return_id uuid, variant_id uuid, quantity bigint, reason text, wanted_id uuid
    )
)

INSERT INTO returns (id, order_id, state, wish, note, requested_at, staff_id, fingerprint)
SELECT r.id, r.order_id, 'requested', r.wish, r.note, %(now)s, r.staff_id, decode(r.fingerprint, 'hex')
FROM jsonb_to_recordset(%(returns)s::jsonb) AS r (
    id uuid, order_id uuid, wish text, note text, staff_id uuid, fingerprint text
)

-- name: change_returns
-- Times are set when the return reaches the state for the first time.
UPDATE returns AS r
SET
    state = c.state, answer = c.answer, exchange_order_id = c.exchange_order_id, refund_id = c.refund_id,
    refund_minor = c.refund_minor, with_shipping = c.with_shipping,
    decided_at
    = CASE WHEN c.state IN ('approved', 'refused') THEN coalesce(r.decided_at, %(now)s) ELSE r.decided_at END,
    received_at
    = CASE WHEN c.state IN ('received', 'exchanged') THEN coalesce(r.received_at, %(now)s) ELSE r.received_at END,
    ended_at
    = CASE WHEN c.state IN ('refused', 'refunded', 'exchanged') THEN coalesce(r.ended_at, %(now)s) ELSE r.ended_at END
FROM jsonb_to_recordset(%(changes)s::jsonb) AS c (
    id uuid, state text, answer text, exchange_order_id uuid, refund_id uuid, refund_minor bigint,
    with_shipping boolean
)
WHERE r.id = c.id

-- name: returns_exchanged_for
SELECT {return} FROM returns
WHERE exchange_order_id = ANY(%(ids)s) AND wish = 'exchange'
ORDER BY id

-- name: undo_exchanges
UPDATE returns AS r
SET state = c.state, wish = c.wish, refund_id = c.refund_id, refund_minor = c.refund_minor,
    ended_at = CASE WHEN c.state = 'refunded' THEN %(now)s ELSE r.ended_at END
FROM jsonb_to_recordset(%(changes)s::jsonb) AS c (id uuid, state text, wish text, refund_id uuid, refund_minor bigint)
WHERE r.id = c.id

-- name: write_arrivals
WITH arrived AS (
    INSERT INTO return_goods (return_id, variant_id, location_id, quantity)
    SELECT g.return_id, g.variant_id, g.location_id, g.quantity
    FROM jsonb_to_recordset(%(goods)s::jsonb) AS g (
        return_id uuid, variant_id uuid, location_id uuid, quantity bigint
    )
)

UPDATE return_lines AS l
SET received = c.received
FROM jsonb_to_recordset(%(lines)s::jsonb) AS c (return_id uuid, variant_id uuid, received bigint)
WHERE l.return_id = c.return_id AND l.variant_id = c.variant_id

-- name: delivery_is_back
UPDATE orders SET delivery_back_minor = delivery_back_minor + %(amount)s WHERE id = %(id)s

-- name: returned_units
-- Of each line, what has come back or is asked for; a return that was refused does not count.
SELECT r.order_id, l.variant_id, sum(coalesce(l.received, l.quantity))::bigint AS units
FROM returns AS r
INNER JOIN return_lines AS l ON l.return_id = r.id
WHERE r.order_id = ANY(%(ids)s) AND r.state <> 'refused'
GROUP BY r.order_id, l.variant_id

-- name: returned_goods
-- Of each article, what has come back in fact.
SELECT r.order_id, g.variant_id, sum(g.quantity)::bigint AS units
FROM returns AS r
INNER JOIN return_goods AS g ON g.return_id = r.id
WHERE r.order_id = ANY(%(ids)s)
GROUP BY r.order_id, g.variant_id

-- name: credited_units
-- Of each line, the units whose worth was given back or exchanged already.
SELECT r.order_id, l.variant_id, sum(coalesce(l.received, l.quantity))::bigint AS units
FROM returns AS r
INNER JOIN return_lines AS l ON l.return_id = r.id
WHERE
    r.order_id = ANY(%(ids)s) AND r.id IS DISTINCT FROM %(but)s::uuid
    AND (r.state = 'refunded' OR (r.wish = 'exchange' AND r.exchange_order_id IS NOT NULL AND r.state <> 'refused'))
GROUP BY r.order_id, l.variant_id

-- name: exchanged_from
-- The return, and the order, that an order was made for as an exchange.
SELECT r.id, r.number, r.state, r.order_id, o.number AS order_number
FROM returns AS r
INNER JOIN orders AS o ON o.id = r.order_id
WHERE r.exchange_order_id = %(order_id)s

-- name: other_variants
-- What else there is of the same products, to be exchanged for.
SELECT o.id AS of_id, v.id, v.title, v.sku
FROM variants AS o
INNER JOIN variants AS v ON v.product_id = o.product_id
WHERE o.id = ANY(%(ids)s) AND v.published AND NOT v.is_kit
ORDER BY v.title, v.sku
LIMIT %(limit)s

-- name: progress
-- How much of each order there is to send, has left, and has come back in fact; how many returns are open; what
-- was paid once it is paid (cash has no receipt) and pays for no other order; what of it goes back, or has gone.
SELECT
    g.order_id, sum(g.quantity)::bigint AS units, sum(g.shipped)::bigint AS shipped,
    (
        SELECT count(*) FROM returns AS r
        WHERE r.order_id = g.order_id AND r.state IN ('requested', 'approved', 'received')
    ) AS open_returns,
    (
        SELECT coalesce(sum(b.quantity), 0)::bigint FROM returns AS r
        INNER JOIN return_goods AS b ON b.return_id = r.id
        WHERE r.order_id = g.order_id
    ) AS back,
    coalesce(max(greatest(p.captured_minor, p.amount_minor) - p.carried_minor), 0) AS paid_minor,
    coalesce(max(p.refunding_minor), 0) AS refunding_minor, coalesce(max(p.refunded_minor), 0) AS refunded_minor
FROM order_goods AS g
LEFT JOIN payments AS p ON p.order_id = g.order_id
WHERE g.order_id = ANY(%(ids)s)
GROUP BY g.order_id

-- name: given_up
SELECT id, order_id, reason, refund_minor, waived_minor, staff_id, at
FROM given_up
WHERE order_id = ANY(%(order_ids)s::uuid []) OR id = ANY(%(ids)s::uuid [])
ORDER BY at, id

-- name: give_up
-- What is not sent is no longer taken from its shelf.
WITH one AS (
    INSERT INTO given_up (id, order_id, reason, refund_minor, waived_minor, staff_id, at, fingerprint)
    VALUES (
        %(id)s, %(order_id)s, %(reason)s, %(refund_minor)s, %(waived_minor)s, %(staff_id)s, %(now)s, %(fingerprint)s
    )
),

lines AS (
    SELECT l.variant_id, l.quantity
    FROM jsonb_to_recordset(%(lines)s::jsonb) AS l (variant_id uuid, quantity bigint)
),

noted AS (
    INSERT INTO given_up_lines (given_up_id, variant_id, quantity) SELECT %(id)s, variant_id, quantity FROM lines
),

given AS (
    UPDATE order_lines AS o
    SET given_up = o.given_up + l.quantity
    FROM lines AS l
    WHERE o.order_id = %(order_id)s AND o.variant_id = l.variant_id
)

UPDATE order_goods AS o
SET quantity = o.quantity - g.quantity
FROM jsonb_to_recordset(%(goods)s::jsonb) AS g (variant_id uuid, location_id uuid, quantity bigint)
WHERE o.order_id = %(order_id)s AND o.variant_id = g.variant_id AND o.location_id = g.location_id

-- name: forget_given_up_goods
DELETE FROM order_goods WHERE order_id = %(order_id)s AND quantity = 0
