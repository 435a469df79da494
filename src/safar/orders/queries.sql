-- owns: first_mails, order_goods, order_lines, order_notes, order_readers, order_tags, orders, payments

-- name: lock_carts_to_order
-- In the order of their ids.
SELECT id, order_id FROM carts WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE

-- name: close_carts
UPDATE carts AS c SET ordered_at = %(now)s, order_id = o.order_id
FROM jsonb_to_recordset(%(carts)s::jsonb) AS o (id uuid, order_id uuid)
WHERE c.id = o.id AND c.order_id IS NULL

-- name: open_carts_again
UPDATE carts SET ordered_at = NULL, order_id = NULL
FROM (SELECT id FROM carts WHERE id = ANY(%(ids)s) AND order_id = ANY(%(orders)s) ORDER BY id FOR UPDATE) AS c
WHERE carts.id = c.id

-- name: order_of_cart
SELECT order_id FROM carts WHERE id = %(id)s

-- fragment: orders_read
SELECT
    o.id, o.number, o.state, o.reason, o.fingerprint, o.customer_id, o.visitor_id, o.cart_id, o.campaign_id,
    o.hold_id, o.held_until, o.longer_until, o.email, o.name, o.address, o.language, o.total_minor, o.currency,
    o.placed_at, o.confirmed_at, o.shipped_at, o.delivered_at, o.cancelled_at, o.country, o.postcode, o.city,
    o.phone, o.subtotal_minor, o.discount_minor, o.shipping_minor, o.tax_minor, o.tax_included, o.shipping_key,
    o.discount_code, o.promised_on, o.packed_at, o.closed_at, o.credit_minor, o.waived_minor,
    o.delivery_back_minor, o.shipping_tax_minor, o.shipping_tax_rate, o.taken_by, o.region, o.note, o.billing,
    p.provider, p.method,
    p.state AS payment_state, p.reason AS payment_reason,
    EXISTS (
        SELECT FROM customer_identities AS i
        WHERE i.kind = 'email' AND i.value = o.email AND i.customer_id IN (
            o.customer_id, (SELECT c.merged_into FROM customers AS c WHERE c.id = o.customer_id)
        )
    ) AS proven
FROM orders AS o
INNER JOIN payments AS p ON p.order_id = o.id

-- name: orders
{orders_read}
WHERE o.id = ANY(%(ids)s::uuid [])

-- name: lock_orders
-- In the order of their ids; the payment changes only under the lock of its order.
{orders_read}
WHERE o.id = ANY(%(ids)s)
ORDER BY o.id
FOR UPDATE OF o

-- name: order_lines
SELECT
    l.order_id, l.variant_id, l.quantity, l.price_minor, l.discount_minor, l.tax_minor, l.title, v.sku, p.slug,
    p.category, coalesce(v.image, p.image) AS image, l.tax_class, l.tax_rate, l.parts, l.given_up,
    l.title_shown
FROM order_lines AS l
INNER JOIN variants AS v ON v.id = l.variant_id
INNER JOIN products AS p ON p.id = v.product_id
WHERE l.order_id = ANY(%(ids)s)
ORDER BY l.order_id, l.title, l.variant_id

-- name: order_goods
SELECT
    g.order_id, g.variant_id, g.location_id, g.quantity, g.shipped, v.sku, v.title,
    coalesce(s.shelf_id, s.id) AS shelf_id, coalesce(nullif(l.title_shown, ''), v.title) AS customer_title
FROM order_goods AS g
LEFT JOIN order_lines AS l ON l.order_id = g.order_id AND l.variant_id = g.variant_id
INNER JOIN variants AS v ON v.id = g.variant_id
INNER JOIN stock_locations AS s ON s.id = g.location_id
WHERE g.order_id = ANY(%(ids)s)
ORDER BY g.order_id, v.sku, g.location_id

-- name: forget_goods
DELETE FROM order_goods WHERE order_id = ANY(%(ids)s)

-- name: insert_goods
INSERT INTO order_goods (order_id, variant_id, location_id, quantity)
SELECT g.order_id, g.variant_id, g.location_id, g.quantity
FROM jsonb_to_recordset(%(goods)s::jsonb) AS g (order_id uuid, variant_id uuid, location_id uuid, quantity bigint)

-- name: orders_of_customer
{orders_read}
WHERE o.customer_id = ANY(%(customer_ids)s)
ORDER BY o.placed_at DESC
LIMIT %(limit)s

-- name: order_of_number
SELECT id FROM orders WHERE number = %(number)s

-- name: insert_orders
-- Orders, their lines and their payments in one statement.
WITH lines AS (
    INSERT INTO order_lines
    (order_id, variant_id, quantity, price_minor, discount_minor, tax_minor, title, tax_class, tax_rate, parts,
     title_shown)
    SELECT
        l.order_id, l.variant_id, l.quantity, l.price_minor, l.discount_minor, l.tax_minor, l.title, l.tax_class,
        l.tax_rate, l.parts, coalesce(l.title_shown, '')
    FROM jsonb_to_recordset(%(lines)s::jsonb) AS l (
        order_id uuid, variant_id uuid, quantity bigint, price_minor bigint, discount_minor bigint,
        tax_minor bigint, title text, tax_class text, tax_rate bigint, parts jsonb, title_shown text
    )
),

goods AS (
    INSERT INTO order_goods (order_id, variant_id, location_id, quantity)
    SELECT g.order_id, g.variant_id, g.location_id, g.quantity
    FROM jsonb_to_recordset(%(goods)s::jsonb) AS g (
        order_id uuid, variant_id uuid, location_id uuid, quantity bigint
    )
),

asked AS (
    SELECT o.*
    FROM jsonb_to_recordset(%(orders)s::jsonb) AS o (
        id uuid, number bigint, fingerprint text, customer_id uuid, visitor_id uuid, cart_id uuid, campaign_id uuid, email text, name text,
        address text, language text, total_minor bigint, currency text, provider text, method text,
        held_until timestamptz, longer_until timestamptz, country text, postcode text, city text, phone text, subtotal_minor bigint,
        discount_minor bigint, shipping_minor bigint, tax_minor bigint, tax_included boolean, shipping_key text,
        discount_code text, promised_on date, by_visitor bigint, by_address bigint, by_network bigint,
        credit_minor bigint, shipping_tax_minor bigint, shipping_tax_rate bigint, taken_by uuid,
        region text, note text, billing jsonb
    )
),

payment AS (
    INSERT INTO payments (
        order_id, provider, state, amount_minor, currency, method, changed_at, by_visitor, by_address, by_network
    )
    SELECT
        id, provider, %(payment_state)s, total_minor, currency, method, %(now)s, by_visitor, by_address, by_network
    FROM asked
)

INSERT INTO orders (
    id, number, state, fingerprint, customer_id, visitor_id, cart_id, campaign_id, hold_id, held_until, longer_until, email, name, address,
    language, total_minor, currency, placed_at, confirmed_at, country, postcode, city, phone, subtotal_minor,
    discount_minor, shipping_minor, tax_minor, tax_included, shipping_key, discount_code, promised_on, credit_minor,
    shipping_tax_minor, shipping_tax_rate, taken_by, region, note, billing
)
SELECT
    id, coalesce(number, nextval('order_numbers')), %(state)s, decode(fingerprint, 'hex'), customer_id, visitor_id, cart_id, campaign_id, id, held_until, longer_until, email, name,
    address, language, total_minor, currency, %(now)s, %(confirmed_at)s, country, postcode, city, phone,
    subtotal_minor, discount_minor, shipping_minor, tax_minor, tax_included, shipping_key, discount_code, promised_on,
    coalesce(credit_minor, 0), shipping_tax_minor, shipping_tax_rate, taken_by, region, note, billing
FROM asked

-- name: unpaid
-- What these owners have ordered and not paid, by shelf article: of each owner the newest orders.
WITH open_ AS (
    SELECT w.owner, p.order_id
    FROM unnest(%(visitors)s::bigint []) AS w (owner)
    CROSS JOIN LATERAL (
        SELECT order_id FROM payments WHERE by_visitor = w.owner AND state IN ('started', 'due')
        ORDER BY changed_at DESC LIMIT %(limit)s
    ) AS p
    UNION ALL
    SELECT w.owner, p.order_id
    FROM unnest(%(addresses)s::bigint []) AS w (owner)
    CROSS JOIN LATERAL (
        SELECT order_id FROM payments WHERE by_address = w.owner AND state IN ('started', 'due')
        ORDER BY changed_at DESC LIMIT %(limit)s
    ) AS p
    UNION ALL
    SELECT w.owner, p.order_id
    FROM unnest(%(networks)s::bigint []) AS w (owner)
    CROSS JOIN LATERAL (
        SELECT order_id FROM payments WHERE by_network = w.owner AND state IN ('started', 'due')
        ORDER BY changed_at DESC LIMIT %(limit)s
    ) AS p
)

SELECT u.owner, o.id AS order_id, g.variant_id, sum(g.quantity)::bigint AS units
FROM open_ AS u
INNER JOIN orders AS o ON o.id = u.order_id
INNER JOIN order_goods AS g ON g.order_id = o.id
WHERE o.state IN ('placed', 'confirmed', 'packed')
GROUP BY u.owner, o.id, g.variant_id

-- name: next_numbers
SELECT nextval('order_numbers') FROM generate_series(1, %(count)s)

-- name: change_orders
-- Times are set when the order reaches the state for the first time, and never moved; one that is unpacked again
-- was not packed.
UPDATE orders AS o
SET
    state = c.state, reason = c.reason, hold_id = c.hold_id,
    confirmed_at = CASE WHEN c.state = 'confirmed' THEN coalesce(o.confirmed_at, %(now)s) ELSE o.confirmed_at END,
    packed_at = CASE
        WHEN c.state = 'packed' THEN coalesce(o.packed_at, %(now)s)
        WHEN c.state <> 'confirmed' THEN o.packed_at
    END,
    shipped_at = CASE WHEN c.state = 'shipped' THEN coalesce(o.shipped_at, %(now)s) ELSE o.shipped_at END,
    closed_at = CASE WHEN c.state = 'closed' THEN coalesce(o.closed_at, %(now)s) ELSE o.closed_at END,
    delivered_at = CASE WHEN c.state = 'delivered' THEN coalesce(o.delivered_at, %(now)s) ELSE o.delivered_at END,
    cancelled_at = CASE WHEN c.state = 'cancelled' THEN coalesce(o.cancelled_at, %(now)s) ELSE o.cancelled_at END
FROM jsonb_to_recordset(%(changes)s::jsonb) AS c (id uuid, state text, reason text, hold_id uuid)
WHERE o.id = c.id

-- name: change_payments
UPDATE payments AS p
SET
    state = c.state, reason = c.reason, reference = coalesce(c.reference, p.reference), changed_at = %(now)s,
    rest_until = NULL
FROM jsonb_to_recordset(%(changes)s::jsonb) AS c (order_id uuid, state text, reason text, reference text)
WHERE p.order_id = c.order_id

-- name: order_link
-- What is asked before an order's page opens: whether its links still count, whose it is, and whether this
-- browser has shown that it may see all of it.
SELECT
    o.customer_id, o.visitor_id, lower(o.email) AS email, o.language, o.links_since,
    o.state = 'placed' AND o.longer_until IS NOT NULL AS kept_shortly,
    EXISTS (
        SELECT 1 FROM customer_identities AS i
        WHERE i.kind = 'email' AND i.value = lower(o.email) AND i.customer_id = o.customer_id
    ) AS proven,
    (
        SELECT r.by_mail FROM order_readers AS r WHERE r.order_id = o.id AND r.visitor_id = %(visitor_id)s
    ) AS read_by_mail
FROM orders AS o
WHERE o.id = %(id)s

-- name: proven_mailboxes
-- The orders to be whose customer has shown to read the address that was typed.
SELECT a.id
FROM jsonb_to_recordset(%(orders)s::jsonb) AS a (id uuid, customer_id uuid, email text)
WHERE EXISTS (
    SELECT FROM customer_identities AS i
    WHERE i.kind = 'email' AND i.value = lower(a.email) AND i.customer_id IN (
        a.customer_id, (SELECT c.merged_into FROM customers AS c WHERE c.id = a.customer_id)
    )
)

-- name: codes_used_before
-- The orders to be whose customer, by a mailbox that is proven, has an order with the same code already.
SELECT a.id
FROM jsonb_to_recordset(%(orders)s::jsonb) AS a (id uuid, customer_id uuid, email text, code text)
INNER JOIN customer_identities AS i
    ON i.kind = 'email' AND i.value = lower(a.email) AND i.customer_id IN (
        a.customer_id, (SELECT c.merged_into FROM customers AS c WHERE c.id = a.customer_id)
    )
WHERE EXISTS (
    SELECT FROM orders AS o
    WHERE o.customer_id = i.customer_id AND o.discount_code = a.code AND o.state <> 'cancelled' AND o.id <> a.id
)

-- name: lock_kept_shortly
-- Orders of a mailbox whose units are kept longer now that it is proven; in the order of their ids.
SELECT id, hold_id, longer_until FROM orders
WHERE customer_id = %(owner)s AND lower(email) = %(value)s AND state = 'placed' AND longer_until IS NOT NULL
ORDER BY id
FOR UPDATE

-- name: keep_longer
UPDATE orders SET held_until = longer_until, longer_until = NULL WHERE id = ANY(%(ids)s)

-- name: renew_link
-- Browsers that have opened the order by an old link have to open the new one.
WITH forgotten AS (
    DELETE FROM order_readers WHERE order_id = %(id)s
)
UPDATE orders SET links_since = %(now)s WHERE id = %(id)s

-- name: note_reader
-- Programs without cookies are new browsers each time: so many are remembered and no more.
INSERT INTO order_readers AS r (order_id, visitor_id, by_mail, opened_at)
SELECT %(id)s, %(visitor_id)s, %(by_mail)s, %(now)s
WHERE (SELECT count(*) FROM order_readers WHERE order_id = %(id)s) < %(most)s
ON CONFLICT (order_id, visitor_id) DO UPDATE SET by_mail = r.by_mail OR excluded.by_mail

-- name: move_orders
-- Orders go to the owner of the address they were placed with (all of the claimant's when they are one); the
-- browser that placed them may still ask about them.
WITH moved AS (
    UPDATE orders SET customer_id = %(owner)s
    WHERE customer_id = %(claimant)s AND customer_id <> %(owner)s AND (%(all)s OR lower(email) = %(value)s)
    RETURNING id, visitor_id
)
INSERT INTO order_readers (order_id, visitor_id, by_mail, opened_at)
SELECT id, visitor_id, false, %(now)s FROM moved WHERE visitor_id IS NOT NULL
ON CONFLICT (order_id, visitor_id) DO NOTHING

-- name: orders_shown_to_browser
-- The newest orders that this browser placed or opened by their links.
SELECT o.id
FROM (
    SELECT id, placed_at FROM orders WHERE customer_id = ANY(%(customer_ids)s) AND visitor_id = %(visitor_id)s
    UNION
    SELECT p.id, p.placed_at FROM order_readers AS r INNER JOIN orders AS p ON p.id = r.order_id
    WHERE r.visitor_id = %(visitor_id)s
) AS o
ORDER BY o.placed_at DESC, o.id DESC
LIMIT %(limit)s

-- name: orders_of_mailbox
-- The newest orders placed with this e-mail address, whoever placed them.
SELECT o.id
FROM orders AS o
WHERE o.customer_id IN (
    SELECT customer_id FROM customer_claims WHERE kind = 'email' AND value = %(email)s
    UNION
    SELECT customer_id FROM customer_identities WHERE kind = 'email' AND value = %(email)s
    UNION
    SELECT c.merged_into FROM customer_claims AS l INNER JOIN customers AS c ON c.id = l.customer_id
    WHERE l.kind = 'email' AND l.value = %(email)s
) AND lower(o.email) = %(email)s
ORDER BY o.placed_at DESC, o.id DESC
LIMIT %(limit)s

-- name: change_address
UPDATE orders
SET name = %(name)s, address = %(address)s, postcode = %(postcode)s, city = %(city)s, phone = %(phone)s
WHERE id = %(id)s

-- name: write_note
INSERT INTO order_notes (id, order_id, kind, text, staff_id, written_at)
VALUES (%(id)s, %(order_id)s, %(kind)s, %(text)s, %(staff_id)s, %(now)s)
ON CONFLICT (id) DO NOTHING

-- name: notes_of
SELECT id, kind, text, staff_id, written_at FROM order_notes
WHERE order_id = %(order_id)s
ORDER BY written_at DESC, id
LIMIT %(limit)s

-- name: add_tag
INSERT INTO order_tags (order_id, tag) VALUES (%(order_id)s, %(tag)s) ON CONFLICT DO NOTHING

-- name: remove_tag
DELETE FROM order_tags WHERE order_id = %(order_id)s AND tag = %(tag)s RETURNING tag

-- name: tags_on_order
SELECT tag FROM order_tags WHERE order_id = %(order_id)s ORDER BY tag

-- name: tags_by_order
SELECT order_id, tag FROM order_tags WHERE order_id = ANY(%(ids)s) ORDER BY order_id, tag

-- name: known_tags
SELECT tag FROM order_tags GROUP BY tag ORDER BY count(*) DESC, tag LIMIT %(limit)s
