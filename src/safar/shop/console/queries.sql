-- owns: order_views

-- fragment: discount
code, kind, value, currency, minimum_minor, category, starts_at, ends_at, uses_max, account_id, customers_once,
active, campaign_id, partner

-- name: codes_listed
SELECT {discount} FROM discount_codes
WHERE
    (%(query)s = '' OR strpos(code, upper(%(query)s)) > 0 OR strpos(upper(partner), upper(%(query)s)) > 0)
ORDER BY created_at DESC, code
LIMIT %(limit)s OFFSET %(offset)s

-- name: brought
-- What orders with these codes came to: those that wait for their payment and those that were sold.
SELECT
    discount_code AS code, currency, count(*) FILTER (WHERE state <> 'cancelled') AS orders,
    count(DISTINCT customer_id) FILTER (WHERE state <> 'cancelled') AS customers,
    coalesce(sum(total_minor) FILTER (WHERE state NOT IN ('cancelled', 'placed')), 0)::bigint AS total_minor,
    coalesce(sum(discount_minor) FILTER (WHERE state NOT IN ('cancelled', 'placed')), 0)::bigint AS discount_minor
FROM orders
WHERE discount_code = ANY(%(codes)s)
GROUP BY discount_code, currency
ORDER BY discount_code, orders DESC, currency

-- name: orders_with_code
SELECT id, number, name, state, total_minor, discount_minor, currency, placed_at
FROM orders
WHERE discount_code = %(code)s
ORDER BY number DESC
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
    AND (%(since)s::timestamptz IS NULL OR o.placed_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR o.placed_at < %(until)s)
    AND (%(tag)s::text IS NULL OR EXISTS (SELECT FROM order_tags AS t WHERE t.order_id = o.id AND t.tag = %(tag)s))
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

-- name: timeline
-- What happened to an order, newest first: found by its customer, and not before it was placed. Its hold has
-- the same id, and is told by the order's own events.
SELECT id, at, name, customer_id, campaign_id, staff_id, subject_id, properties
FROM journal_events
WHERE customer_id = ANY(%(customer_ids)s) AND at >= %(since)s AND subject_id = %(order_id)s
    AND name NOT LIKE 'hold.%%'
ORDER BY id DESC
LIMIT %(limit)s

-- name: order_views
SELECT id, name, filters FROM order_views WHERE staff_id = %(staff_id)s ORDER BY lower(name)

-- name: other_views
SELECT count(*) FROM order_views WHERE staff_id = %(staff_id)s AND name <> %(name)s

-- name: save_view
INSERT INTO order_views (id, staff_id, name, filters, saved_at)
VALUES (%(id)s, %(staff_id)s, %(name)s, %(filters)s, %(now)s)
ON CONFLICT (staff_id, name) DO UPDATE SET filters = excluded.filters, saved_at = excluded.saved_at

-- name: remove_view
DELETE FROM order_views WHERE id = %(id)s AND staff_id = %(staff_id)s

-- name: newer_orders
-- How many orders came after the one with this number, as far as a page would tell.
SELECT count(*) FROM (
    SELECT FROM orders WHERE number > %(number)s LIMIT 100
) AS o

-- name: newest_number
SELECT coalesce(max(number), 0) FROM orders
