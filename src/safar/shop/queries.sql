-- name: import_products
INSERT INTO products (id, slug, title, description, category, searchable, created_at)
SELECT p.id, p.slug, p.title, p.description, p.category, p.searchable, %(now)s
FROM jsonb_to_recordset(%(products)s::jsonb) AS p (
    id uuid, slug text, title text, description text, category text, searchable text
)
ORDER BY p.id
ON CONFLICT (id) DO UPDATE
SET title = excluded.title, description = excluded.description, category = excluded.category,
searchable = excluded.searchable

-- name: import_variants
INSERT INTO variants (id, product_id, sku, title, price_minor, currency)
SELECT v.id, v.product_id, v.sku, v.title, v.price_minor, v.currency
FROM jsonb_to_recordset(%(variants)s::jsonb) AS v (
    id uuid, product_id uuid, sku text, title text, price_minor bigint, currency text
)
ORDER BY v.id
ON CONFLICT (id) DO UPDATE
SET title = excluded.title, price_minor = excluded.price_minor, currency = excluded.currency

-- name: variants
SELECT v.id, v.product_id, v.sku, v.title, v.price_minor, v.currency, p.slug, p.category
FROM variants AS v
INNER JOIN products AS p ON p.id = v.product_id
WHERE v.id = ANY(%(ids)s)

-- name: variant_of_sku
SELECT v.id, v.product_id, v.sku, v.title, v.price_minor, v.currency, p.slug, p.category
FROM variants AS v
INNER JOIN products AS p ON p.id = v.product_id
WHERE v.sku = %(sku)s

-- name: variants_of_product
SELECT v.id, v.product_id, v.sku, v.title, v.price_minor, v.currency, p.slug, p.category
FROM variants AS v
INNER JOIN products AS p ON p.id = v.product_id
WHERE v.product_id = %(product_id)s
ORDER BY v.price_minor, v.sku
LIMIT 50

-- name: product
SELECT id, slug, title, description, category FROM products WHERE slug = %(slug)s

-- name: categories
SELECT category FROM products GROUP BY category ORDER BY category LIMIT 100

-- name: find_products
-- Every word of the query somewhere in the title, the category or a SKU; the closest first.
SELECT
    p.id, p.slug, p.title, p.category, v.sku, v.price_minor, v.currency, v.variant_ids,
    count(*) OVER () AS found
FROM products AS p
CROSS JOIN LATERAL (
    SELECT
        (array_agg(o.sku ORDER BY o.price_minor, o.sku))[1] AS sku, min(o.price_minor) AS price_minor,
        min(o.currency) AS currency, array_agg(o.id) AS variant_ids
    FROM variants AS o
    WHERE o.product_id = p.id
    HAVING count(*) > 0
) AS v
WHERE
    (%(category)s::text IS NULL OR p.category = %(category)s)
    AND p.searchable LIKE ALL(%(patterns)s::text [])
ORDER BY word_similarity(%(words)s, p.searchable) DESC, p.title, p.id
LIMIT %(limit)s OFFSET %(offset)s

-- name: find_similar_products
-- For a query that is nowhere as it was written: a slip of the keyboard.
SELECT
    p.id, p.slug, p.title, p.category, v.sku, v.price_minor, v.currency, v.variant_ids,
    count(*) OVER () AS found
FROM products AS p
CROSS JOIN LATERAL (
    SELECT
        (array_agg(o.sku ORDER BY o.price_minor, o.sku))[1] AS sku, min(o.price_minor) AS price_minor,
        min(o.currency) AS currency, array_agg(o.id) AS variant_ids
    FROM variants AS o
    WHERE o.product_id = p.id
    HAVING count(*) > 0
) AS v
WHERE
    (%(category)s::text IS NULL OR p.category = %(category)s)
    AND word_similarity(%(words)s, p.searchable) > 0.4
ORDER BY word_similarity(%(words)s, p.searchable) DESC, p.title, p.id
LIMIT %(limit)s OFFSET %(offset)s

-- name: find_variants
-- For staff: the catalogue by SKU, one line a variant.
SELECT v.id, v.product_id, v.sku, v.title, v.price_minor, v.currency, p.slug, p.category
FROM variants AS v
INNER JOIN products AS p ON p.id = v.product_id
WHERE p.searchable LIKE ALL(%(patterns)s::text []) AND v.sku > %(after)s
ORDER BY v.sku
LIMIT %(limit)s

-- name: shelf
-- For staff: levels with what lies there, the emptiest first.
SELECT
    v.id AS variant_id, v.sku, v.title, l.location_id, s.name AS location, s.kind AS location_kind,
    a.on_hand, a.held, count(*) OVER () AS found
FROM stock_levels AS l
INNER JOIN capacity_accounts AS a ON a.id = l.account_id
INNER JOIN stock_locations AS s ON s.id = l.location_id
INNER JOIN variants AS v ON v.id = l.variant_id
INNER JOIN products AS p ON p.id = v.product_id
WHERE
    p.searchable LIKE ALL(%(patterns)s::text [])
    AND (%(most_free)s::bigint IS NULL OR a.on_hand - a.held <= %(most_free)s)
ORDER BY a.on_hand - a.held, v.sku, s.name
LIMIT %(limit)s OFFSET %(offset)s

-- name: set_price
UPDATE variants SET price_minor = %(price_minor)s WHERE id = %(id)s AND price_minor <> %(price_minor)s
RETURNING id

-- name: open_cart
INSERT INTO carts (id, customer_id, campaign_id, created_at, changed_at)
VALUES (%(id)s, %(customer_id)s, %(campaign_id)s, %(now)s, %(now)s)
ON CONFLICT (id) DO UPDATE SET changed_at = excluded.changed_at
RETURNING (xmax = 0) AS opened, ordered_at IS NOT NULL AS ordered

-- name: add_line
-- No row comes back when the line would become too large.
INSERT INTO cart_lines (cart_id, variant_id, quantity, price_minor, added_at)
SELECT %(cart_id)s, %(variant_id)s, %(quantity)s, %(price_minor)s, %(now)s
WHERE
    EXISTS (SELECT FROM cart_lines WHERE cart_id = %(cart_id)s AND variant_id = %(variant_id)s)
    OR (SELECT count(*) FROM cart_lines WHERE cart_id = %(cart_id)s) < %(lines_max)s
ON CONFLICT (cart_id, variant_id) DO UPDATE
SET quantity = cart_lines.quantity + excluded.quantity, price_minor = excluded.price_minor
WHERE cart_lines.quantity + excluded.quantity <= %(units_max)s
RETURNING quantity

-- name: set_line
UPDATE cart_lines AS l
SET quantity = %(quantity)s, price_minor = v.price_minor
FROM variants AS v
WHERE l.cart_id = %(cart_id)s AND l.variant_id = %(variant_id)s AND v.id = l.variant_id
RETURNING l.quantity

-- name: remove_line
DELETE FROM cart_lines WHERE cart_id = %(cart_id)s AND variant_id = %(variant_id)s RETURNING quantity

-- name: touch_cart
UPDATE carts SET changed_at = %(now)s WHERE id = %(id)s AND ordered_at IS NULL RETURNING id

-- name: cart_lines
SELECT
    l.variant_id, v.sku, v.title, p.slug, p.category, l.quantity, v.price_minor, l.price_minor AS seen_minor,
    v.currency
FROM cart_lines AS l
INNER JOIN carts AS c ON c.id = l.cart_id
INNER JOIN variants AS v ON v.id = l.variant_id
INNER JOIN products AS p ON p.id = v.product_id
WHERE l.cart_id = %(cart_id)s AND c.ordered_at IS NULL
ORDER BY l.added_at, l.variant_id

-- name: close_carts
UPDATE carts SET ordered_at = %(now)s WHERE id = ANY(%(ids)s) AND ordered_at IS NULL

-- name: orders
SELECT
    o.id, o.number, o.state, o.reason, o.fingerprint, o.customer_id, o.cart_id, o.campaign_id, o.hold_id, o.held_until,
    o.email, o.name, o.address, o.language, o.total_minor, o.currency, o.placed_at, o.confirmed_at, o.shipped_at,
    o.delivered_at, o.cancelled_at, p.provider, p.method, p.state AS payment_state, p.reason AS payment_reason
FROM orders AS o
INNER JOIN payments AS p ON p.order_id = o.id
WHERE o.id = ANY(%(ids)s)

-- name: lock_orders
-- In the order of their ids; the payment changes only under the lock of its order.
SELECT
    o.id, o.number, o.state, o.reason, o.fingerprint, o.customer_id, o.cart_id, o.campaign_id, o.hold_id, o.held_until,
    o.email, o.name, o.address, o.language, o.total_minor, o.currency, o.placed_at, o.confirmed_at, o.shipped_at,
    o.delivered_at, o.cancelled_at, p.provider, p.method, p.state AS payment_state, p.reason AS payment_reason
FROM orders AS o
INNER JOIN payments AS p ON p.order_id = o.id
WHERE o.id = ANY(%(ids)s)
ORDER BY o.id
FOR UPDATE OF o

-- name: order_lines
SELECT
    l.order_id, l.variant_id, l.location_id, l.quantity, l.price_minor, l.title, v.sku, p.slug, p.category
FROM order_lines AS l
INNER JOIN variants AS v ON v.id = l.variant_id
INNER JOIN products AS p ON p.id = v.product_id
WHERE l.order_id = ANY(%(ids)s)
ORDER BY l.order_id, l.title, l.variant_id

-- name: orders_listed
SELECT
    o.id, o.number, o.state, o.reason, o.fingerprint, o.customer_id, o.cart_id, o.campaign_id, o.hold_id, o.held_until,
    o.email, o.name, o.address, o.language, o.total_minor, o.currency, o.placed_at, o.confirmed_at, o.shipped_at,
    o.delivered_at, o.cancelled_at, p.provider, p.method, p.state AS payment_state, p.reason AS payment_reason
FROM orders AS o
INNER JOIN payments AS p ON p.order_id = o.id
WHERE (%(state)s::text IS NULL OR o.state = %(state)s) AND o.number < %(before)s
ORDER BY o.number DESC
LIMIT %(limit)s

-- name: orders_of_customer
SELECT
    o.id, o.number, o.state, o.reason, o.fingerprint, o.customer_id, o.cart_id, o.campaign_id, o.hold_id, o.held_until,
    o.email, o.name, o.address, o.language, o.total_minor, o.currency, o.placed_at, o.confirmed_at, o.shipped_at,
    o.delivered_at, o.cancelled_at, p.provider, p.method, p.state AS payment_state, p.reason AS payment_reason
FROM orders AS o
INNER JOIN payments AS p ON p.order_id = o.id
WHERE o.customer_id = ANY(%(customer_ids)s)
ORDER BY o.placed_at DESC
LIMIT %(limit)s

-- name: order_of_number
SELECT id FROM orders WHERE number = %(number)s

-- name: insert_orders
-- Orders, their lines and their payments in one statement.
WITH lines AS (
    INSERT INTO order_lines (order_id, variant_id, location_id, quantity, price_minor, title)
    SELECT l.order_id, l.variant_id, l.location_id, l.quantity, l.price_minor, l.title
    FROM jsonb_to_recordset(%(lines)s::jsonb) AS l (
        order_id uuid, variant_id uuid, location_id uuid, quantity bigint, price_minor bigint, title text
    )
),

asked AS (
    SELECT o.*
    FROM jsonb_to_recordset(%(orders)s::jsonb) AS o (
        id uuid, fingerprint text, customer_id uuid, cart_id uuid, campaign_id uuid, email text, name text,
        address text, language text, total_minor bigint, currency text, provider text, method text, held_until timestamptz
    )
),

payment AS (
    INSERT INTO payments (order_id, provider, state, amount_minor, currency, method, changed_at)
    SELECT id, provider, %(payment_state)s, total_minor, currency, method, %(now)s FROM asked
)

INSERT INTO orders (
    id, state, fingerprint, customer_id, cart_id, campaign_id, hold_id, held_until, email, name, address,
    language, total_minor, currency, placed_at, confirmed_at
)
SELECT
    id, %(state)s, decode(fingerprint, 'hex'), customer_id, cart_id, campaign_id, id, held_until, email, name,
    address, language, total_minor, currency, %(now)s, %(confirmed_at)s
FROM asked
RETURNING id, number

-- name: change_orders
-- Times are set when the order reaches the state for the first time, and never moved.
UPDATE orders AS o
SET
    state = c.state, reason = c.reason, hold_id = c.hold_id,
    confirmed_at = CASE WHEN c.state = 'confirmed' THEN coalesce(o.confirmed_at, %(now)s) ELSE o.confirmed_at END,
    shipped_at = CASE WHEN c.state = 'shipped' THEN %(now)s ELSE o.shipped_at END,
    delivered_at = CASE WHEN c.state = 'delivered' THEN %(now)s ELSE o.delivered_at END,
    cancelled_at = CASE WHEN c.state = 'cancelled' THEN coalesce(o.cancelled_at, %(now)s) ELSE o.cancelled_at END
FROM jsonb_to_recordset(%(changes)s::jsonb) AS c (id uuid, state text, reason text, hold_id uuid)
WHERE o.id = c.id

-- name: change_payments
UPDATE payments AS p
SET state = c.state, reason = c.reason, reference = coalesce(c.reference, p.reference), changed_at = %(now)s
FROM jsonb_to_recordset(%(changes)s::jsonb) AS c (order_id uuid, state text, reason text, reference text)
WHERE p.order_id = c.order_id

-- name: open_payments
-- Started and not heard of, or owed and not given back; those asked the longest ago first.
SELECT order_id FROM payments
WHERE state IN ('started', 'owed') AND changed_at <= %(until)s
ORDER BY changed_at
LIMIT %(limit)s

-- name: touch_payments
UPDATE payments SET changed_at = %(now)s WHERE order_id = ANY(%(ids)s) AND state IN ('started', 'owed')

-- name: charge_test_card
INSERT INTO test_card_charges (key, amount_minor, currency, outcome, charged_at)
VALUES (%(key)s, %(amount_minor)s, %(currency)s, %(outcome)s, %(charged_at)s)
ON CONFLICT (key) DO NOTHING

-- name: test_card_charge
SELECT outcome, charged_at FROM test_card_charges WHERE key = %(key)s

-- name: refund_test_card
UPDATE test_card_charges SET outcome = 'refunded' WHERE key = %(key)s AND outcome = 'paid'
