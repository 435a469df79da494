-- owns: stock_bins, stock_levels, stock_locations, stock_moves, stock_outgoing, stock_policies

-- name: ensure_locations
INSERT INTO stock_locations (id, name, kind, shelf_id, sells, created_at)
SELECT l.id, l.name, l.kind, l.shelf_id, l.kind IN ('warehouse', 'store'), %(now)s
FROM jsonb_to_recordset(%(locations)s::jsonb) AS l (id uuid, name text, kind text, shelf_id uuid)
ON CONFLICT (id) DO NOTHING

-- name: insert_moves
-- In the order of their ids, so that two writers of the same moves never wait for each other in a circle. What
-- they change of the units that are sold and have not left is written with them; whoever moves such units has
-- locked the account of their level.
WITH fresh AS (
    INSERT INTO stock_moves
    (id, at, variant_id, from_location_id, to_location_id, quantity, reason, document, staff_id)
    SELECT
        m.move_id, %(now)s, m.variant_id, m.from_location_id, m.to_location_id, m.quantity, m.reason, m.document,
        m.staff_id
    FROM jsonb_to_recordset(%(moves)s::jsonb) AS m (
        move_id uuid, variant_id uuid, from_location_id uuid, to_location_id uuid, quantity bigint, reason text,
        document text, staff_id uuid
    )
    ORDER BY m.move_id
    ON CONFLICT (id) DO NOTHING
    RETURNING id, variant_id, from_location_id, to_location_id, quantity
),

sold AS (
    INSERT INTO stock_outgoing AS o (variant_id, location_id, units)
    SELECT e.variant_id, e.location_id, sum(e.units)
    FROM (
        SELECT variant_id, to_location_id AS location_id, quantity AS units FROM fresh
        UNION ALL
        SELECT variant_id, from_location_id, -quantity FROM fresh
    ) AS e
    INNER JOIN stock_locations AS l ON l.id = e.location_id AND l.kind = 'outgoing'
    GROUP BY e.variant_id, e.location_id
    ORDER BY e.variant_id, e.location_id
    ON CONFLICT (variant_id, location_id) DO UPDATE SET units = o.units + excluded.units
)

SELECT id FROM fresh

-- name: moves
SELECT id, variant_id, from_location_id, to_location_id, quantity, reason, document FROM stock_moves
WHERE id = ANY(%(ids)s)

-- name: levels
-- With the version of what changes rarely, also where there is no level.
SELECT c.version, l.variant_id, l.location_id, l.account_id, l.on_hand, l.held, l.reserve, l.backorder
FROM (SELECT coalesce(sum(number), 0)::text AS version FROM rare_changes) AS c
LEFT JOIN LATERAL (
    SELECT s.variant_id, s.location_id, s.account_id, a.on_hand, a.held, a.reserve, a.backorder
    FROM stock_levels AS s
    CROSS JOIN LATERAL (
        SELECT o.on_hand, o.held, o.reserve, o.backorder FROM capacity_accounts AS o
        WHERE o.id = s.account_id
        LIMIT 1
    ) AS a
    WHERE s.variant_id = ANY(%(variant_ids)s)
) AS l ON true

-- name: without_level
SELECT id FROM stock_locations WHERE id = ANY(%(ids)s) AND kind <> ALL(%(kinds)s)

-- name: missing_goods
-- What is promised beyond what lies on the shelf (on hand below zero) and yet would have left it.
SELECT p.variant_id, p.location_id
FROM jsonb_to_recordset(%(places)s::jsonb) AS p (variant_id uuid, location_id uuid, outgoing_id uuid)
INNER JOIN stock_levels AS l ON l.variant_id = p.variant_id AND l.location_id = p.location_id
INNER JOIN capacity_accounts AS a ON a.id = l.account_id
LEFT JOIN stock_outgoing AS o ON o.variant_id = p.variant_id AND o.location_id = p.outgoing_id
WHERE o.units < 0 OR (a.on_hand < 0 AND a.on_hand + coalesce(o.units, 0) < 0)

-- name: insert_levels
INSERT INTO stock_levels (variant_id, location_id, account_id)
SELECT l.variant_id, l.location_id, l.account_id
FROM jsonb_to_recordset(%(levels)s::jsonb) AS l (variant_id uuid, location_id uuid, account_id bigint)
ON CONFLICT (variant_id, location_id) DO NOTHING

-- name: own_locations
SELECT id, name, kind FROM stock_locations
WHERE kind IN ('warehouse', 'store', 'allocation', 'quarantine')
ORDER BY kind DESC, created_at, id
LIMIT %(limit)s

-- name: moves_of_variant
-- Newest first, after the last one seen.
SELECT
    m.id, m.at, m.variant_id, m.from_location_id, f.name AS from_name, f.kind AS from_kind, m.to_location_id,
    t.name AS to_name, t.kind AS to_kind, m.quantity, m.reason, m.document
FROM stock_moves AS m
INNER JOIN stock_locations AS f ON f.id = m.from_location_id
INNER JOIN stock_locations AS t ON t.id = m.to_location_id
WHERE
    m.variant_id = %(variant_id)s
    AND m.at <= %(before_at)s AND (m.at, m.id) < (%(before_at)s, %(before_id)s)
ORDER BY m.at DESC, m.id DESC
LIMIT %(limit)s

-- name: recount
-- The levels, and what is sold beside them, checked against the moves: rows only where they differ.
WITH moved AS (
    SELECT e.variant_id, e.location_id, sum(e.units)::bigint AS units
    FROM (
        SELECT variant_id, to_location_id AS location_id, quantity AS units FROM stock_moves
        UNION ALL
        SELECT variant_id, from_location_id, -quantity FROM stock_moves
    ) AS e
    GROUP BY e.variant_id, e.location_id
)

SELECT l.variant_id, l.location_id, a.on_hand, coalesce(m.units, 0) AS moved
FROM stock_levels AS l
INNER JOIN capacity_accounts AS a ON a.id = l.account_id
LEFT JOIN moved AS m ON m.variant_id = l.variant_id AND m.location_id = l.location_id
WHERE a.on_hand <> coalesce(m.units, 0)
UNION ALL
SELECT m.variant_id, m.location_id, coalesce(o.units, 0), m.units
FROM moved AS m
INNER JOIN stock_locations AS s ON s.id = m.location_id AND s.kind = 'outgoing'
LEFT JOIN stock_outgoing AS o ON o.variant_id = m.variant_id AND o.location_id = m.location_id
WHERE coalesce(o.units, 0) <> m.units

-- fragment: shelf
a.account_id, v.id AS variant_id, v.sku, v.title, coalesce(s.name, '') AS location, s.kind AS location_kind,
a.on_hand, a.held, a.reserve

-- name: emptiest
-- For staff: the levels with the fewest units free, after the last one seen, and among those without any the
-- articles that never had a level (account 0). The accounts are sorted before anything else is read: an index on
-- what is free would make every sale write it.
SELECT {shelf} FROM (
    (
        SELECT NULL::uuid AS variant_id, id AS account_id, on_hand, held, reserve
        FROM capacity_accounts
        WHERE
            kind = 'units'
            AND on_hand - held - reserve <= %(most_free)s
            AND (on_hand - held - reserve, id) > (%(after_free)s, %(after_account)s)
        ORDER BY on_hand - held - reserve, id
        LIMIT %(limit)s
    )
    UNION ALL
    (
        SELECT n.id, 0, 0, 0, 0
        FROM variants AS n
        WHERE
            %(bare)s AND (%(after_free)s < 0 OR n.id > %(after_variant)s) AND NOT n.is_kit
            AND NOT EXISTS (SELECT FROM stock_levels AS h WHERE h.variant_id = n.id)
        ORDER BY n.id
        LIMIT %(limit)s
    )
) AS a
LEFT JOIN stock_levels AS l ON l.account_id = a.account_id
LEFT JOIN stock_locations AS s ON s.id = l.location_id
INNER JOIN variants AS v ON v.id = coalesce(a.variant_id, l.variant_id)
ORDER BY a.on_hand - a.held - a.reserve, a.account_id, v.id
LIMIT %(limit)s

-- name: articles_by_words
-- Articles that lie on shelves, by words of their title or SKU.
SELECT v.id, v.sku, v.title FROM variants AS v
INNER JOIN products AS p ON p.id = v.product_id
WHERE p.searchable LIKE ALL(%(patterns)s::text []) AND NOT v.is_kit
ORDER BY v.title, v.sku
LIMIT %(limit)s

-- name: emptiest_found
-- The same for what is searched, among the first products that match.
SELECT {shelf} FROM (
    SELECT
        n.id AS variant_id, l.location_id, coalesce(c.id, 0) AS account_id, coalesce(c.on_hand, 0) AS on_hand,
        coalesce(c.held, 0) AS held, coalesce(c.reserve, 0) AS reserve
    FROM (
        SELECT id FROM products
        WHERE searchable LIKE ALL(%(patterns)s::text [])
        ORDER BY id
        LIMIT %(products_max)s
    ) AS p
    INNER JOIN variants AS n ON n.product_id = p.id AND NOT n.is_kit
    LEFT JOIN stock_levels AS l ON l.variant_id = n.id
    LEFT JOIN capacity_accounts AS c ON c.id = l.account_id
) AS a
INNER JOIN variants AS v ON v.id = a.variant_id
LEFT JOIN stock_locations AS s ON s.id = a.location_id
WHERE
    a.on_hand - a.held - a.reserve <= %(most_free)s
    AND (a.on_hand - a.held - a.reserve, a.account_id, v.id)
    > (%(after_free)s, %(after_account)s, %(after_variant)s)
ORDER BY a.on_hand - a.held - a.reserve, a.account_id, v.id
LIMIT %(limit)s

-- name: many_products
-- Whether more products match than a search looks at.
SELECT count(*) > %(products_max)s
FROM (
    SELECT 1 AS one FROM products
    WHERE searchable LIKE ALL(%(patterns)s::text []) LIMIT %(products_max)s + 1
) AS p

-- name: promise_shelves
-- Levels at the locations that the shop sells from, with the policy of each variant.
SELECT l.variant_id, a.on_hand, a.held, a.reserve, a.backorder, p.preorder_from, p.promise_days
FROM stock_levels AS l
INNER JOIN capacity_accounts AS a ON a.id = l.account_id
INNER JOIN stock_locations AS s ON s.id = l.location_id
LEFT JOIN stock_policies AS p ON p.variant_id = l.variant_id
WHERE l.variant_id = ANY(%(variant_ids)s) AND s.sells AND s.active AND s.kind IN ('warehouse', 'store')

-- name: incoming_units
-- What is ordered, or on its way from another location, for the locations that the shop sells from.
SELECT n.variant_id, n.quantity - n.received AS units, coalesce(n.expected_on, o.expected_on) AS expected_on
FROM purchase_order_lines AS n
INNER JOIN purchase_orders AS o ON o.id = n.order_id
INNER JOIN stock_locations AS s ON s.id = o.location_id
WHERE
    n.variant_id = ANY(%(variant_ids)s)
    AND o.state IN ('sent', 'partly_received')
    AND n.received < n.quantity
    AND s.sells AND s.active AND s.kind IN ('warehouse', 'store')
UNION ALL
SELECT n.variant_id, n.quantity - n.arrived - n.lost, o.expected_on
FROM stock_transfer_lines AS n
INNER JOIN stock_transfers AS o ON o.id = n.transfer_id
INNER JOIN stock_locations AS s ON s.id = o.to_location_id
WHERE
    n.variant_id = ANY(%(variant_ids)s)
    AND o.state = 'sent'
    AND n.arrived + n.lost < n.quantity
    AND s.sells AND s.active AND s.kind IN ('warehouse', 'store')

-- name: selling_locations
SELECT id AS location_id, kind, country, latitude, longitude, priority FROM stock_locations
WHERE active AND sells AND (kind IN ('warehouse', 'store') OR (kind = 'allocation' AND id = %(own)s))
ORDER BY id = %(own)s DESC, priority, created_at, id
LIMIT %(limit)s

-- fragment: location
id, name, kind, channel, country, postcode, address, latitude, longitude, priority, sells, active

-- name: sites
SELECT {location} FROM stock_locations
WHERE kind IN ('warehouse', 'store', 'quarantine') OR (kind = 'allocation' AND channel <> '')
ORDER BY active DESC, kind DESC, priority, created_at, id
LIMIT %(limit)s

-- name: site
SELECT {location} FROM stock_locations
WHERE id = %(id)s AND kind IN ('warehouse', 'store', 'allocation', 'quarantine')

-- name: set_sites
UPDATE stock_locations AS l
SET name = s.name, country = s.country, postcode = s.postcode, address = s.address, latitude = s.latitude,
longitude = s.longitude, priority = s.priority, sells = s.sells, active = s.active, channel = s.channel
FROM jsonb_to_recordset(%(sites)s::jsonb) AS s (
    id uuid, name text, country text, postcode text, address text, latitude double precision,
    longitude double precision, priority bigint, sells boolean, active boolean, channel text
)
WHERE l.id = s.id

-- name: policies
SELECT variant_id, safety_units, backorder_units, preorder_from, promise_days FROM stock_policies
WHERE variant_id = ANY(%(variant_ids)s)

-- name: set_policies
INSERT INTO stock_policies
(variant_id, safety_units, backorder_units, preorder_from, promise_days, changed_at)
SELECT p.variant_id, p.safety_units, p.backorder_units, p.preorder_from, p.promise_days, %(now)s
FROM jsonb_to_recordset(%(policies)s::jsonb) AS p (
    variant_id uuid, safety_units bigint, backorder_units bigint, preorder_from date, promise_days bigint
)
ORDER BY p.variant_id
ON CONFLICT (variant_id) DO UPDATE
SET safety_units = excluded.safety_units, backorder_units = excluded.backorder_units,
preorder_from = excluded.preorder_from, promise_days = excluded.promise_days, changed_at = excluded.changed_at

-- name: limits_of_policies
-- The backorder at the location that is asked first only, larger there by what is kept back.
WITH selling AS (
    SELECT id, row_number() OVER (ORDER BY priority, created_at, id) AS rank FROM stock_locations
    WHERE active AND sells AND kind IN ('warehouse', 'store')
)
SELECT
    l.account_id,
    CASE WHEN w.id IS NULL THEN 0 ELSE p.safety_units END AS reserve,
    CASE WHEN p.backorder_units > 0 AND w.rank = 1 THEN p.backorder_units + p.safety_units ELSE 0 END AS backorder
FROM stock_policies AS p
INNER JOIN stock_levels AS l ON l.variant_id = p.variant_id
LEFT JOIN selling AS w ON w.id = l.location_id
WHERE
    (%(variant_ids)s::uuid [] IS NULL OR p.variant_id = ANY(%(variant_ids)s))
    AND (%(account_ids)s::bigint [] IS NULL OR l.account_id = ANY(%(account_ids)s))

-- name: all_moves
-- The newest first, after the last one seen.
SELECT
    m.id, m.at, m.variant_id, v.sku, v.title, f.name AS from_name, f.kind AS from_kind, t.name AS to_name,
    t.kind AS to_kind, m.quantity, m.reason, m.document
FROM stock_moves AS m
INNER JOIN stock_locations AS f ON f.id = m.from_location_id
INNER JOIN stock_locations AS t ON t.id = m.to_location_id
INNER JOIN variants AS v ON v.id = m.variant_id
WHERE m.at <= %(before_at)s AND (m.at, m.id) < (%(before_at)s, %(before_id)s)
ORDER BY m.at DESC, m.id DESC
LIMIT %(limit)s

-- name: figures
-- What lies where, for a file: by SKU, then by location; what lies nowhere once without one.
SELECT
    v.id, v.sku, v.barcode, v.title, l.location_id, s.name AS location, coalesce(a.on_hand, 0) AS on_hand,
    coalesce(a.held, 0) AS held, coalesce(a.reserve, 0) AS reserve
FROM variants AS v
LEFT JOIN (
    stock_levels AS l
    INNER JOIN stock_locations AS s ON s.id = l.location_id AND s.kind IN ('warehouse', 'store')
    INNER JOIN capacity_accounts AS a ON a.id = l.account_id
) ON l.variant_id = v.id
WHERE
    NOT v.is_kit AND v.sku >= %(sku)s
    AND (v.sku, coalesce(l.location_id, '00000000-0000-0000-0000-000000000000'))
    > (%(sku)s, %(location_id)s)
ORDER BY v.sku, coalesce(l.location_id, '00000000-0000-0000-0000-000000000000')
LIMIT %(limit)s

-- name: variants_of_codes
SELECT
    id, product_id, sku, title, price_minor, currency, slug, category, barcode, weight_g, tax_class, options,
    tracks_lots, is_kit, published, image
FROM catalogue_variants
WHERE sku = ANY(%(skus)s) OR barcode = ANY(%(barcodes)s)

-- name: bins
SELECT variant_id, location_id, bin FROM stock_bins WHERE variant_id = ANY(%(variant_ids)s)

-- name: forget_bins
DELETE FROM stock_bins AS b
USING jsonb_to_recordset(%(bins)s::jsonb) AS n (variant_id uuid, location_id uuid, bin text)
WHERE b.variant_id = n.variant_id AND b.location_id = n.location_id AND n.bin = ''

-- name: set_bins
INSERT INTO stock_bins (variant_id, location_id, bin, changed_at)
SELECT n.variant_id, n.location_id, n.bin, %(now)s
FROM jsonb_to_recordset(%(bins)s::jsonb) AS n (variant_id uuid, location_id uuid, bin text)
WHERE n.bin <> ''
ORDER BY n.variant_id, n.location_id
ON CONFLICT (variant_id, location_id) DO UPDATE SET bin = excluded.bin, changed_at = excluded.changed_at
WHERE stock_bins.bin <> excluded.bin

-- name: units_of_variants
-- What lies there and what of it is free, over the locations that goods are sold from or set aside in.
SELECT
    l.variant_id, sum(a.on_hand)::bigint AS on_hand,
    sum(greatest(a.on_hand - a.held - a.reserve, 0))::bigint AS free
FROM stock_levels AS l
INNER JOIN capacity_accounts AS a ON a.id = l.account_id
INNER JOIN stock_locations AS s ON s.id = l.location_id AND s.kind IN ('warehouse', 'store', 'allocation')
WHERE l.variant_id = ANY(%(variant_ids)s)
GROUP BY l.variant_id

-- name: in_books
SELECT
    EXISTS (SELECT FROM stock_levels WHERE variant_id = ANY(%(ids)s))
    OR EXISTS (SELECT FROM stock_moves WHERE variant_id = ANY(%(ids)s))
    OR EXISTS (SELECT FROM stock_policies WHERE variant_id = ANY(%(ids)s))
    OR EXISTS (SELECT FROM stock_lots WHERE variant_id = ANY(%(ids)s))
    OR EXISTS (SELECT FROM stock_bins WHERE variant_id = ANY(%(ids)s))
    OR EXISTS (SELECT FROM supplier_items WHERE variant_id = ANY(%(ids)s))
    OR EXISTS (SELECT FROM purchase_order_lines WHERE variant_id = ANY(%(ids)s))
    OR EXISTS (SELECT FROM purchase_receipt_lines WHERE variant_id = ANY(%(ids)s))
    OR EXISTS (SELECT FROM stock_transfer_lines WHERE variant_id = ANY(%(ids)s))
    OR EXISTS (SELECT FROM stock_count_lines WHERE variant_id = ANY(%(ids)s))
    OR EXISTS (SELECT FROM stock_receiving_lines WHERE variant_id = ANY(%(ids)s))
