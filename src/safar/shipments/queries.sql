-- owns: carriers, document_series, documents, shipment_goods, shipments

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

-- name: correct_tracking
UPDATE shipments SET carrier = %(carrier)s, tracking_code = %(code)s, tracking_url = %(url)s WHERE id = %(id)s

-- name: shipments_delivered
UPDATE shipments SET delivered_at = %(now)s WHERE order_id = ANY(%(ids)s) AND delivered_at IS NULL

-- name: same_shipments
SELECT id, fingerprint FROM shipments WHERE id = ANY(%(ids)s)

-- name: to_pick
-- What is still to be taken from which shelf, with what a scanner reads.
SELECT
    g.order_id, g.variant_id, s.id AS location_id, s.name AS location, v.sku, v.title, v.barcode,
    g.quantity - g.shipped AS units, coalesce(b.bin, '') AS bin
FROM order_goods AS g
INNER JOIN variants AS v ON v.id = g.variant_id
INNER JOIN stock_locations AS l ON l.id = g.location_id
INNER JOIN stock_locations AS s ON s.id = coalesce(l.shelf_id, l.id)
LEFT JOIN stock_bins AS b ON b.variant_id = g.variant_id AND b.location_id = s.id
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
