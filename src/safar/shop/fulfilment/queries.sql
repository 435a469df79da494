-- owns: carriers, document_series, documents, given_up, given_up_lines, return_goods, return_lines, returns
-- owns: shipment_goods, shipments

-- name: carriers
SELECT id, name, tracking_url, active FROM carriers ORDER BY name LIMIT %(limit)s

-- name: save_carrier
-- No row comes back when the name belongs to another one.
INSERT INTO carriers (id, name, tracking_url, active, changed_at)
SELECT %(id)s, %(name)s, %(tracking_url)s, %(active)s, %(now)s
WHERE NOT EXISTS (SELECT FROM carriers WHERE lower(name) = lower(%(name)s) AND id <> %(id)s)
ON CONFLICT (id) DO UPDATE
SET
    name = excluded.name, tracking_url = excluded.tracking_url, active = excluded.active,
    changed_at = excluded.changed_at
RETURNING id

-- fragment: shipment
s.id, s.order_id, s.location_id, l.name AS location, s.carrier, s.tracking_code, s.tracking_url, s.shipped_at,
s.delivered_at

-- name: shipments
SELECT {shipment} FROM shipments AS s
INNER JOIN stock_locations AS l ON l.id = s.location_id
WHERE s.order_id = ANY(%(ids)s)
ORDER BY s.shipped_at, s.id

-- name: shipments_by_id
SELECT {shipment} FROM shipments AS s
INNER JOIN stock_locations AS l ON l.id = s.location_id
WHERE s.id = ANY(%(ids)s)

-- name: shipment_goods
SELECT g.shipment_id, g.variant_id, g.quantity, v.sku, v.title
FROM shipment_goods AS g
INNER JOIN variants AS v ON v.id = g.variant_id
WHERE g.shipment_id = ANY(%(ids)s)
ORDER BY v.title, v.sku

-- name: insert_shipments
-- Parcels, what is in them, and how much of each order has left with them.
WITH parcel AS (
    INSERT INTO shipments
    (id, order_id, location_id, carrier, tracking_code, tracking_url, shipped_at, staff_id, fingerprint)
    SELECT
        s.id, s.order_id, s.location_id, s.carrier, s.tracking_code, s.tracking_url, %(now)s, s.staff_id,
        decode(s.fingerprint, 'hex')
    FROM jsonb_to_recordset(%(shipments)s::jsonb) AS s (
        id uuid, order_id uuid, location_id uuid, carrier text, tracking_code text, tracking_url text,
        staff_id uuid, fingerprint text
    )
),

goods AS (
    SELECT g.shipment_id, g.order_id, g.location_id, g.variant_id, g.quantity
    FROM jsonb_to_recordset(%(goods)s::jsonb) AS g (
        shipment_id uuid, order_id uuid, location_id uuid, variant_id uuid, quantity bigint
    )
),

content AS (
    INSERT INTO shipment_goods (shipment_id, variant_id, quantity)
    SELECT shipment_id, variant_id, sum(quantity) FROM goods GROUP BY shipment_id, variant_id
)

UPDATE order_goods AS o
SET shipped = o.shipped + g.quantity
FROM (
    SELECT order_id, variant_id, location_id, sum(quantity) AS quantity
    FROM goods
    GROUP BY order_id, variant_id, location_id
) AS g
WHERE o.order_id = g.order_id AND o.variant_id = g.variant_id AND o.location_id = g.location_id

-- name: shipments_delivered
UPDATE shipments SET delivered_at = %(now)s WHERE order_id = ANY(%(ids)s) AND delivered_at IS NULL

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

-- name: same_shipments
SELECT id, fingerprint FROM shipments WHERE id = ANY(%(ids)s)

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

-- name: sisters
-- What else there is of the same products, to be exchanged for.
SELECT o.id AS of_id, v.id, v.title, v.sku
FROM variants AS o
INNER JOIN variants AS v ON v.product_id = o.product_id
WHERE o.id = ANY(%(ids)s) AND v.published AND NOT v.is_kit
ORDER BY v.title, v.sku
LIMIT %(limit)s

-- name: wanted_orders
-- Planned anew each time, so that each choice of filters gets the plan that fits it.
SELECT o.id FROM orders AS o
INNER JOIN payments AS p ON p.order_id = o.id
WHERE
    o.number < %(before)s
    AND (%(state)s::text IS NULL OR o.state = %(state)s)
    AND (%(payment)s::text IS NULL OR p.state = %(payment)s)
    AND (
        %(today)s::date IS NULL
        OR (
            o.state IN ('confirmed', 'packed')
            AND o.confirmed_at < %(confirmed_before)s AND (o.promised_on < %(today)s OR o.promised_on IS NULL)
        )
    )
    AND (%(ids)s::uuid [] IS NULL OR o.id = ANY(%(ids)s))
ORDER BY o.number DESC
LIMIT %(limit)s

-- name: orders_of_open_returns
SELECT order_id AS id FROM returns
WHERE state IN ('requested', 'approved', 'received')
ORDER BY number DESC
LIMIT %(limit)s

-- name: orders_of_tracking
SELECT order_id AS id FROM shipments WHERE upper(tracking_code) = upper(%(code)s) AND tracking_code <> '' LIMIT %(limit)s

-- name: orders_of_variant
SELECT order_id AS id FROM order_lines WHERE variant_id = %(variant_id)s ORDER BY order_id DESC LIMIT %(limit)s

-- name: orders_of_customers
SELECT id FROM orders WHERE customer_id = ANY(%(ids)s) ORDER BY placed_at DESC LIMIT %(limit)s

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

-- name: timeline
-- What happened to an order, newest first: found by its customer, and not before it was placed. Its hold has
-- the same id, and is told by the order's own events.
SELECT id, at, name, customer_id, campaign_id, staff_id, subject_id, properties
FROM journal_events
WHERE customer_id = ANY(%(customer_ids)s) AND at >= %(since)s AND subject_id = %(order_id)s
    AND name NOT LIKE 'hold.%%'
ORDER BY id DESC
LIMIT %(limit)s

-- name: to_pick
-- What is still to be taken from which shelf, with what a scanner reads.
SELECT
    g.order_id, g.variant_id, s.id AS location_id, s.name AS location, v.sku, v.title, v.barcode,
    g.quantity - g.shipped AS units
FROM order_goods AS g
INNER JOIN variants AS v ON v.id = g.variant_id
INNER JOIN stock_locations AS l ON l.id = g.location_id
INNER JOIN stock_locations AS s ON s.id = coalesce(l.shelf_id, l.id)
WHERE g.order_id = ANY(%(ids)s) AND g.quantity > g.shipped
ORDER BY s.name, v.sku, g.order_id

-- name: behind
-- Of what orders wait for, the units of the same articles on the same shelves that orders confirmed before them
-- are to get: only where lots are known, since any unit is as good as another without.
SELECT m.order_id, m.variant_id, m.shelf_id, sum(g.quantity - g.shipped)::bigint AS units
FROM jsonb_to_recordset(%(wanted)s::jsonb) AS m (order_id uuid, variant_id uuid, shelf_id uuid)
INNER JOIN orders AS mine ON mine.id = m.order_id
INNER JOIN orders AS o ON o.state IN ('confirmed', 'packed') AND (o.confirmed_at, o.id) < (mine.confirmed_at, mine.id)
INNER JOIN order_goods AS g ON g.order_id = o.id AND g.variant_id = m.variant_id AND g.quantity > g.shipped
INNER JOIN stock_locations AS s ON s.id = g.location_id AND coalesce(s.shelf_id, s.id) = m.shelf_id
WHERE EXISTS (SELECT FROM stock_lots AS l WHERE l.variant_id = m.variant_id)
GROUP BY m.order_id, m.variant_id, m.shelf_id

-- name: messages
-- What one browser wrote and was told on the web, newest first.
SELECT m.author, m.body, m.at FROM messages AS m
WHERE m.channel_id = %(channel_id)s AND m.address = %(address)s
ORDER BY m.at DESC, m.id DESC
LIMIT %(limit)s

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

-- name: documents
SELECT kind, series, number, content FROM documents WHERE order_id = %(order_id)s ORDER BY issued_at

-- name: next_document
-- The row stays locked until the document is written: a number is never lost, and none is given twice.
INSERT INTO document_series (series, number) VALUES (%(series)s, 1)
ON CONFLICT (series) DO UPDATE SET number = document_series.number + 1
RETURNING number

-- name: issue_document
INSERT INTO documents (order_id, kind, series, number, content, issued_at)
VALUES (%(order_id)s, %(kind)s, %(series)s, %(number)s, %(content)s::jsonb, %(now)s)
