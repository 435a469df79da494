-- name: campaigns
-- What is promised at this moment: campaigns whose offer runs, and what is left of it.
SELECT
    c.id, c.name, c.state, c.reason, c.units_offered, p.title AS product,
    coalesce(a.on_hand, 0) AS on_hand, coalesce(a.held, 0) AS held
FROM campaigns AS c
LEFT JOIN variants AS v ON v.id = c.variant_id
LEFT JOIN products AS p ON p.id = v.product_id
LEFT JOIN stock_levels AS l ON l.variant_id = c.variant_id AND l.location_id = c.location_id
LEFT JOIN capacity_accounts AS a ON a.id = l.account_id
WHERE c.closed_at IS NULL AND c.state <> 'draft'
ORDER BY c.started_at DESC NULLS LAST, c.id
LIMIT 5

-- name: last_campaign
SELECT id, name, state, reason, coalesce(closed_at, ended_at) AS ended_at FROM campaigns
WHERE closed_at IS NOT NULL
ORDER BY created_at DESC
LIMIT 1

-- name: sends
SELECT campaign_id, state, count(*) AS count FROM sends WHERE campaign_id = ANY(%(ids)s) GROUP BY campaign_id, state

-- name: figures
-- All the single figures in one round trip; each is answered from an index that holds little else.
SELECT
    (SELECT count(*) FROM conversations WHERE with_staff AND waiting_since IS NOT NULL) AS waiting,
    (SELECT min(waiting_since) FROM conversations WHERE with_staff AND waiting_since IS NOT NULL) AS waiting_since,
    (SELECT count(*) FROM orders WHERE state = 'confirmed') AS to_pack,
    today.orders, today.revenue_minor, today.unpaid_minor,
    yesterday.orders AS orders_yesterday, yesterday.revenue_minor AS revenue_yesterday_minor,
    (SELECT count(*) FROM journal_failures) AS event_failures,
    (SELECT count(*) FROM messages WHERE state = 'failed' AND ended_at > %(failed_since)s) AS message_failures,
    (SELECT count(*) FROM channel_envelopes WHERE error IS NOT NULL AND received_at > %(failed_since)s) AS unread_mails,
    (SELECT count(*) FROM stock_suggestions) AS low_stock,
    (SELECT count(*) FROM stock_suggestions WHERE on_hand <= held) AS low_stock_urgent
FROM (
    SELECT
        count(*) AS orders, coalesce(sum(s.total_minor), 0)::bigint AS revenue_minor,
        coalesce(sum(s.total_minor) FILTER (WHERE p.state IN ('started', 'due', 'failed')), 0)::bigint AS unpaid_minor
    FROM sales AS s LEFT JOIN payments AS p ON p.order_id = s.id
    WHERE s.confirmed_at >= %(day_start)s
) AS today, (
    SELECT count(*) AS orders, coalesce(sum(total_minor), 0)::bigint AS revenue_minor
    FROM sales WHERE confirmed_at >= %(yesterday_start)s AND confirmed_at < %(yesterday_until)s
) AS yesterday

-- name: best_sellers
SELECT l.variant_id, max(l.title) AS title, sum(l.quantity)::bigint AS units
FROM sales AS s INNER JOIN order_lines AS l ON l.order_id = s.id
WHERE s.confirmed_at >= %(day_start)s
GROUP BY l.variant_id
ORDER BY units DESC, title
LIMIT 5

-- name: latest_events
-- Without the ledger's own entries (each of them comes with the event that people mean), and without what the
-- audit log is for.
SELECT id, at, name, customer_id, campaign_id, staff_id, subject_id, properties
FROM journal_events WHERE id <= %(until)s AND name NOT LIKE 'hold.%%' AND name NOT LIKE 'staff.%%'
ORDER BY id DESC
LIMIT %(limit)s

-- name: checklist
-- What an empty shop needs before its first sale.
SELECT
    EXISTS (SELECT FROM products WHERE published) AS product,
    EXISTS (
        SELECT FROM stock_levels AS l INNER JOIN capacity_accounts AS a ON a.id = l.account_id WHERE a.on_hand > 0
    ) OR EXISTS (SELECT FROM sales) AS stock,
    EXISTS (SELECT FROM shipping_methods WHERE active) AS delivery,
    EXISTS (SELECT FROM shop_settings WHERE key = 'mail_tested' AND value <> '""'::jsonb)
    OR (
        NOT EXISTS (SELECT FROM channels WHERE id = %(email)s AND trouble IS NOT NULL)
        AND EXISTS (SELECT FROM messages WHERE channel_id = %(email)s AND state = 'sent')
    ) AS mail,
    EXISTS (
        SELECT FROM sales AS s INNER JOIN payments AS p ON p.order_id = s.id
        WHERE p.captured_minor > 0 OR p.state IN ('paid', 'refunded')
    ) AS sale

-- name: begun
SELECT
    EXISTS (SELECT FROM orders) AS orders,
    EXISTS (SELECT FROM variants) OR EXISTS (SELECT FROM shipping_methods)
    OR EXISTS (SELECT FROM discount_codes) OR EXISTS (SELECT FROM orders) AS amounts,
    EXISTS (SELECT FROM products) AS products
