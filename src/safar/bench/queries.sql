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
