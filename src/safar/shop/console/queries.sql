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
WHERE o.number < %(before)s AND {wanted}
ORDER BY o.number DESC
LIMIT %(limit)s

-- name: count_orders
-- How many there are, counted no further than the limit; planned anew, too.
SELECT count(*) FROM (
    SELECT FROM orders AS o INNER JOIN payments AS p ON p.order_id = o.id
    WHERE {wanted}
    LIMIT %(limit)s
) AS counted

-- fragment: wanted
(%(state)s::text IS NULL OR o.state = %(state)s)
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

-- fragment: sold_orders
-- Each order that counts as sold, with its units and what went back of it. Exchanges bring what they cost besides the
-- credit.
sold AS (
    SELECT
        s.id, s.confirmed_at, o.country, s.campaign_id, o.taken_by, o.subtotal_minor AS goods_minor, o.discount_minor,
        o.shipping_minor, o.tax_minor, s.total_minor, coalesce(p.refunded_minor, 0) AS refunded_minor,
        (SELECT coalesce(sum(l.quantity - l.given_up), 0)::bigint FROM order_lines AS l WHERE l.order_id = s.id) AS units
    FROM sales AS s
    INNER JOIN orders AS o ON o.id = s.id
    LEFT JOIN payments AS p ON p.order_id = s.id
    WHERE s.confirmed_at >= %(since)s AND s.confirmed_at < %(until)s AND s.currency = %(currency)s
)

-- fragment: sold_sums
count(*) AS orders, sum(units)::bigint AS units, sum(goods_minor)::bigint AS goods_minor,
sum(discount_minor)::bigint AS discount_minor, sum(shipping_minor)::bigint AS shipping_minor,
sum(tax_minor)::bigint AS tax_minor, sum(total_minor)::bigint AS total_minor,
sum(refunded_minor)::bigint AS refunded_minor

-- fragment: sold_lines
-- Each line that counts as sold, without what was given up of it.
sold AS (
    SELECT
        l.order_id, l.variant_id, l.title, l.tax_class, l.tax_rate, o.tax_included,
        l.quantity - l.given_up AS units, l.price_minor * (l.quantity - l.given_up) AS goods_minor,
        l.discount_minor * (l.quantity - l.given_up) / l.quantity AS discount_minor,
        l.tax_minor * (l.quantity - l.given_up) / l.quantity AS tax_minor
    FROM sales AS s
    INNER JOIN orders AS o ON o.id = s.id
    INNER JOIN order_lines AS l ON l.order_id = s.id
    WHERE s.confirmed_at >= %(since)s AND s.confirmed_at < %(until)s AND s.currency = %(currency)s
)

-- fragment: sold_line_sums
count(DISTINCT order_id) AS orders, sum(units)::bigint AS units, sum(goods_minor)::bigint AS goods_minor,
sum(discount_minor)::bigint AS discount_minor, 0::bigint AS shipping_minor, sum(tax_minor)::bigint AS tax_minor,
sum(goods_minor - discount_minor + CASE WHEN tax_included THEN 0 ELSE tax_minor END)::bigint AS total_minor,
0::bigint AS refunded_minor

-- name: sales_by_day
WITH {sold_orders}

SELECT ((confirmed_at AT TIME ZONE %(zone)s)::date)::text AS key, '' AS name, {sold_sums} FROM sold
GROUP BY 1
ORDER BY 1
LIMIT %(limit)s

-- name: sales_by_week
-- By the Monday on which a week begins.
WITH {sold_orders}

SELECT
    (
        (confirmed_at AT TIME ZONE %(zone)s)::date
        - (extract(ISODOW FROM (confirmed_at AT TIME ZONE %(zone)s)::date)::int - 1)
    )::text AS key, '' AS name, {sold_sums}
FROM sold
GROUP BY 1
ORDER BY 1
LIMIT %(limit)s

-- name: sales_by_country
WITH {sold_orders}

SELECT country AS key, '' AS name, {sold_sums} FROM sold
GROUP BY 1
ORDER BY total_minor DESC, key
LIMIT %(limit)s

-- name: sales_by_channel
WITH {sold_orders}

SELECT
    CASE WHEN taken_by IS NOT NULL THEN 'staff' WHEN campaign_id IS NOT NULL THEN 'campaign' ELSE 'shop' END AS key,
    '' AS name, {sold_sums}
FROM sold
GROUP BY 1
ORDER BY total_minor DESC, key
LIMIT %(limit)s

-- name: sales_by_product
WITH {sold_lines}

SELECT v.sku AS key, max(sold.title) AS name, {sold_line_sums} FROM sold
INNER JOIN variants AS v ON v.id = sold.variant_id
GROUP BY v.sku
ORDER BY total_minor DESC, key
LIMIT %(limit)s

-- name: sales_by_tax
-- By the rate that was used, in parts per 100,000; that of the delivery is with the order, not with its goods.
WITH {sold_lines}

SELECT tax_rate::text AS key, tax_class AS name, {sold_line_sums} FROM sold
GROUP BY tax_rate, tax_class
ORDER BY tax_rate DESC, tax_class
LIMIT %(limit)s

-- name: currencies_sold
SELECT currency FROM sales
WHERE confirmed_at >= %(since)s AND confirmed_at < %(until)s
GROUP BY currency
ORDER BY count(*) DESC, currency
