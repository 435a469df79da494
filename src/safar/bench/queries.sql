-- name: a_million_events
-- 100,000 customers who each went ten steps, a hundred of them a second.
INSERT INTO journal_events (at, name, customer_id, campaign_id, subject_id, properties)
SELECT
    now() - interval '1 hour' + i * interval '1 ms',
    (ARRAY[
        'send.sent', 'hold.placed', 'link.clicked', 'visit.arrived', 'visit.admitted', 'product.viewed',
        'product.viewed', 'cart.created', 'message.received', 'order.confirmed'
    ])[1 + i / 100000],
    ('00000000-0000-7000-8000-' || lpad(to_hex(i %% 100000), 12, '0'))::uuid, %(campaign_id)s, gen_random_uuid(),
    '{"queued": true, "waited_s": 2, "total_minor": 100}'
FROM generate_series(0, 999999) AS i

-- name: begin_two_hours_ago
UPDATE campaigns SET started_at = now() - interval '2 hours' WHERE id = %(campaign_id)s

-- name: settle
VACUUM ANALYZE journal_events

-- name: count_by_name
SELECT name, count(DISTINCT customer_id) FROM journal_events GROUP BY name

-- name: bare_account
SELECT a.id
FROM stock_levels AS l
INNER JOIN capacity_accounts AS a ON a.id = l.account_id
WHERE l.variant_id = %(variant_id)s

-- name: bare_lock
SELECT on_hand - held FROM capacity_accounts WHERE id = %(id)s FOR UPDATE

-- name: bare_orders
-- Every row that an order paid on delivery writes: the count is that of the product, table by table.
WITH asked AS (
    SELECT o.*
    FROM jsonb_to_recordset(%(orders)s::jsonb) AS o (
        id uuid, customer_id uuid, identity_id uuid, move_id uuid, mail_id uuid
    )
), account AS (
    UPDATE capacity_accounts SET on_hand = on_hand - %(units)s WHERE id = %(account_id)s
), holds AS (
    INSERT INTO capacity_holds
        (id, state, account_ids, quantities, purpose, customer_id, placed_at, expires_at, ended_at)
    SELECT id, 'claimed', ARRAY[%(account_id)s::bigint], ARRAY[1], 'order', customer_id, now(), now(), now()
    FROM asked
), people AS (
    INSERT INTO customers (id, name, language, created_at, search)
    SELECT customer_id, 'Bench', 'en', now(), 'bench ' || id || '@customers.example' FROM asked
), identities AS (
    INSERT INTO customer_identities (id, customer_id, kind, value, created_at)
    SELECT identity_id, customer_id, 'email', id || '@customers.example', now() FROM asked
), taken AS (
    INSERT INTO orders (
        id, state, fingerprint, customer_id, hold_id, held_until, email, name, address, language,
        total_minor, currency, placed_at, confirmed_at
    )
    SELECT
        id, 'confirmed', '\x00', customer_id, id, now(), id || '@customers.example', 'Bench', '1 Loopback Lane',
        'en', 100, 'GBP', now(), now()
    FROM asked
), lines AS (
    INSERT INTO order_lines (order_id, variant_id, quantity, price_minor, title)
    SELECT id, %(variant_id)s, 1, 100, 'Bench' FROM asked
), goods AS (
    INSERT INTO order_goods (order_id, variant_id, location_id, quantity)
    SELECT id, %(variant_id)s, %(main)s, 1 FROM asked
), due AS (
    INSERT INTO payments (order_id, provider, state, amount_minor, currency, changed_at)
    SELECT id, 'cod', 'due', 100, 'GBP', now() FROM asked
), moves AS (
    INSERT INTO stock_moves (id, at, variant_id, from_location_id, to_location_id, quantity, reason, document)
    SELECT move_id, now(), %(variant_id)s, %(main)s, %(outgoing)s, 1, 'sold', 'order' FROM asked
), mails AS (
    INSERT INTO messages (
        id, channel_id, direction, author, customer_id, address, subject, body, language, state, at, next_try_at
    )
    SELECT
        mail_id, %(email)s, 'out', 'shop', customer_id, id || '@customers.example', 'Your order',
        repeat('Thank you for your order. ', 20), 'en', 'queued', now(), now() + interval '1 day'
    FROM asked
)
INSERT INTO journal_events (at, name, customer_id, subject_id, properties)
SELECT now(), name, customer_id, id, '{"total_minor": 100, "currency": "GBP", "lines": [["variant", "place", 1]]}'
FROM asked
CROSS JOIN unnest(ARRAY[
    'customer.created', 'customer.identified', 'hold.claimed', 'message.queued', 'order.placed', 'order.confirmed'
]) AS name

-- name: bare_refusals
INSERT INTO journal_events (at, name, subject_id, properties)
SELECT now(), 'order.refused', o.id, '{"reason": "out_of_stock", "lines": [["variant", null, 1]]}'
FROM jsonb_to_recordset(%(orders)s::jsonb) AS o (id uuid)

-- name: still_open
SELECT
    (SELECT count(*) FROM orders WHERE state = 'placed')
    + (SELECT count(*) FROM payments WHERE state IN ('started', 'owed'))
    + (SELECT count(*) FROM refunds WHERE state = 'asked')
    + (SELECT count(*) FROM capacity_holds WHERE state = 'live' AND purpose = 'order')

-- name: order_states
SELECT id, state FROM orders WHERE id = ANY(%(ids)s)
