-- owns: purchase_order_lines, purchase_orders, purchase_receipt_lines, purchase_receipts, supplier_items
-- owns: suppliers

-- name: suppliers
SELECT id, name, email, phone, lead_days, currency, active FROM suppliers
WHERE (name, id) > (%(after_name)s, %(after_id)s)
ORDER BY name, id
LIMIT %(limit)s

-- name: supplier
SELECT id, name, email, phone, lead_days, currency, active FROM suppliers WHERE id = %(id)s

-- name: save_suppliers
INSERT INTO suppliers (id, name, email, phone, lead_days, currency, active, created_at)
SELECT s.id, s.name, s.email, s.phone, s.lead_days, s.currency, s.active, %(now)s
FROM jsonb_to_recordset(%(suppliers)s::jsonb) AS s (
    id uuid, name text, email text, phone text, lead_days bigint, currency text, active boolean
)
ON CONFLICT (id) DO UPDATE
SET name = excluded.name, email = excluded.email, phone = excluded.phone, lead_days = excluded.lead_days,
currency = excluded.currency, active = excluded.active

-- name: save_items
INSERT INTO supplier_items (supplier_id, variant_id, supplier_sku, cost_minor, pack_size, lead_days)
SELECT i.supplier_id, i.variant_id, i.supplier_sku, i.cost_minor, i.pack_size, i.lead_days
FROM jsonb_to_recordset(%(items)s::jsonb) AS i (
    supplier_id uuid, variant_id uuid, supplier_sku text, cost_minor bigint, pack_size bigint, lead_days bigint
)
ORDER BY i.supplier_id, i.variant_id
ON CONFLICT (supplier_id, variant_id) DO UPDATE
SET supplier_sku = excluded.supplier_sku, cost_minor = excluded.cost_minor, pack_size = excluded.pack_size,
lead_days = excluded.lead_days

-- name: remove_item
DELETE FROM supplier_items WHERE supplier_id = %(supplier_id)s AND variant_id = %(variant_id)s

-- name: items_of_supplier
SELECT
    i.supplier_id, i.variant_id, i.supplier_sku, i.cost_minor, i.pack_size, i.lead_days, v.sku, v.title
FROM supplier_items AS i
INNER JOIN variants AS v ON v.id = i.variant_id
WHERE i.supplier_id = %(supplier_id)s AND v.sku > %(after)s
ORDER BY v.sku
LIMIT %(limit)s

-- name: items_of_variants
SELECT i.supplier_id, i.variant_id, i.supplier_sku, i.cost_minor, i.pack_size, i.lead_days
FROM supplier_items AS i
INNER JOIN suppliers AS s ON s.id = i.supplier_id AND s.active
WHERE i.variant_id = ANY(%(variant_ids)s)
ORDER BY i.variant_id, i.cost_minor, s.lead_days, i.supplier_id

-- name: insert_drafts
WITH asked AS (
    SELECT o.id, o.supplier_id, o.location_id, o.expected_on, o.reason, o.staff_id, o.fingerprint
    FROM jsonb_to_recordset(%(orders)s::jsonb) AS o (
        id uuid, supplier_id uuid, location_id uuid, expected_on date, reason text, staff_id uuid,
        fingerprint text
    )
), written AS (
    INSERT INTO purchase_orders
    (id, supplier_id, location_id, state, currency, expected_on, reason, fingerprint, staff_id, created_at)
    SELECT
        a.id, a.supplier_id, a.location_id, 'draft', s.currency, a.expected_on, a.reason,
        decode(a.fingerprint, 'hex'), a.staff_id, %(now)s
    FROM asked AS a
    INNER JOIN suppliers AS s ON s.id = a.supplier_id
    ORDER BY a.id
    ON CONFLICT (id) DO NOTHING
    RETURNING id, number
), lines AS (
    INSERT INTO purchase_order_lines (order_id, variant_id, quantity, cost_minor)
    SELECT l.order_id, l.variant_id, l.quantity, l.cost_minor
    FROM jsonb_to_recordset(%(lines)s::jsonb) AS l (
        order_id uuid, variant_id uuid, quantity bigint, cost_minor bigint
    )
    INNER JOIN written AS w ON w.id = l.order_id
    ORDER BY l.order_id, l.variant_id
)
SELECT id, number FROM written

-- name: drafted
SELECT id, number, fingerprint FROM purchase_orders WHERE id = ANY(%(ids)s)

-- name: lock_order
SELECT id FROM purchase_orders WHERE id = %(id)s FOR UPDATE

-- name: remove_line
DELETE FROM purchase_order_lines WHERE order_id = %(order_id)s AND variant_id = %(variant_id)s

-- name: set_line
INSERT INTO purchase_order_lines (order_id, variant_id, quantity, cost_minor)
SELECT %(order_id)s, %(variant_id)s, %(quantity)s, %(cost_minor)s
WHERE (
    SELECT count(*) FROM purchase_order_lines
    WHERE order_id = %(order_id)s AND variant_id <> %(variant_id)s
) < %(lines_max)s
ON CONFLICT (order_id, variant_id) DO UPDATE
SET quantity = excluded.quantity, cost_minor = excluded.cost_minor

-- name: send
UPDATE purchase_orders SET state = 'sent', sent_at = %(now)s, expected_on = %(expected_on)s WHERE id = %(id)s

-- name: expect
UPDATE purchase_orders SET expected_on = %(expected_on)s WHERE id = %(id)s

-- name: close
UPDATE purchase_orders SET state = %(state)s, reason = %(reason)s, closed_at = %(now)s WHERE id = %(id)s

-- name: set_state
UPDATE purchase_orders SET state = %(state)s, closed_at = %(closed_at)s WHERE id = %(id)s

-- fragment: purchase
o.id, o.number, o.supplier_id, s.name AS supplier, s.email, o.location_id, p.name AS location, o.state, o.currency,
o.expected_on, o.reason, o.created_at, o.sent_at, o.closed_at, l.units, l.units_received, l.total_minor

-- fragment: sums
coalesce(sum(quantity), 0)::bigint AS units, coalesce(sum(received), 0)::bigint AS units_received,
coalesce(sum(quantity * cost_minor), 0)::bigint AS total_minor

-- name: purchase
SELECT {purchase} FROM purchase_orders AS o
INNER JOIN suppliers AS s ON s.id = o.supplier_id
INNER JOIN stock_locations AS p ON p.id = o.location_id
CROSS JOIN LATERAL (
    SELECT {sums} FROM purchase_order_lines WHERE order_id = o.id
) AS l
WHERE o.id = %(id)s

-- name: purchases
SELECT {purchase} FROM (
    SELECT * FROM purchase_orders
    WHERE
        state = ANY(%(states)s) AND number < %(before)s
        AND (%(supplier_id)s::uuid IS NULL OR supplier_id = %(supplier_id)s)
    ORDER BY number DESC
    LIMIT %(limit)s
) AS o
INNER JOIN suppliers AS s ON s.id = o.supplier_id
INNER JOIN stock_locations AS p ON p.id = o.location_id
CROSS JOIN LATERAL (
    SELECT {sums} FROM purchase_order_lines WHERE order_id = o.id
) AS l
ORDER BY o.number DESC

-- name: lines_of
SELECT
    l.variant_id, v.sku, v.title, v.barcode, coalesce(i.supplier_sku, '') AS supplier_sku, v.tracks_lots,
    l.quantity, l.received, l.cost_minor, l.expected_on
FROM purchase_order_lines AS l
INNER JOIN purchase_orders AS o ON o.id = l.order_id
INNER JOIN variants AS v ON v.id = l.variant_id
LEFT JOIN supplier_items AS i ON i.supplier_id = o.supplier_id AND i.variant_id = l.variant_id
WHERE l.order_id = %(order_id)s
ORDER BY v.sku
LIMIT %(limit)s

-- name: receipt_fingerprint
SELECT fingerprint FROM purchase_receipts WHERE id = %(id)s

-- name: insert_receipt
WITH written AS (
    INSERT INTO purchase_receipts (id, order_id, at, document, fingerprint, staff_id)
    VALUES (%(id)s, %(order_id)s, %(now)s, %(document)s, %(fingerprint)s, %(staff_id)s)
    RETURNING id
)
INSERT INTO purchase_receipt_lines (receipt_id, variant_id, quantity, lot_id)
SELECT w.id, l.variant_id, l.quantity, l.lot_id
FROM written AS w
CROSS JOIN jsonb_to_recordset(%(lines)s::jsonb) AS l (variant_id uuid, quantity bigint, lot_id uuid)

-- name: add_received
UPDATE purchase_order_lines AS o
SET received = o.received + l.quantity
FROM jsonb_to_recordset(%(lines)s::jsonb) AS l (variant_id uuid, quantity bigint)
WHERE o.order_id = %(order_id)s AND o.variant_id = l.variant_id

-- name: receipts_of
SELECT
    r.id AS receipt_id, r.at, r.document, r.staff_id, l.variant_id, v.sku, v.title, l.quantity, t.code AS lot
FROM purchase_receipts AS r
INNER JOIN purchase_receipt_lines AS l ON l.receipt_id = r.id
INNER JOIN variants AS v ON v.id = l.variant_id
LEFT JOIN stock_lots AS t ON t.id = l.lot_id
WHERE r.order_id = %(order_id)s
ORDER BY r.at DESC, r.id, v.sku
LIMIT %(limit)s
