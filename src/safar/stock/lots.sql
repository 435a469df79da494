-- owns: stock_lot_entries, stock_lot_levels, stock_lots

-- name: shelves
-- The locations whose units lie on another one's shelves.
SELECT id, shelf_id FROM stock_locations WHERE id = ANY(%(ids)s::uuid []) AND shelf_id IS NOT NULL

-- name: open_lots
INSERT INTO stock_lots (id, variant_id, code, expires_on, created_at)
SELECT l.id, l.variant_id, l.code, l.expires_on, %(now)s
FROM jsonb_to_recordset(%(lots)s::jsonb) AS l (id uuid, variant_id uuid, code text, expires_on date)
ORDER BY l.id
ON CONFLICT (id) DO UPDATE SET expires_on = coalesce(stock_lots.expires_on, excluded.expires_on)

-- name: lock_lots
-- Where units of these variants' lots lie, and, without units, the lots that are asked for by name.
SELECT l.id AS lot_id, l.variant_id, l.code, v.expires_on, v.location_id, v.units
FROM stock_lots AS l
INNER JOIN stock_lot_levels AS v ON v.lot_id = l.id
WHERE l.variant_id = ANY(%(variant_ids)s) OR l.id = ANY(%(lot_ids)s)
ORDER BY v.lot_id, v.location_id
FOR UPDATE OF v

-- name: lot_levels
SELECT l.id AS lot_id, l.variant_id, l.code, v.expires_on, v.location_id, v.units
FROM stock_lots AS l
INNER JOIN stock_lot_levels AS v ON v.lot_id = l.id
WHERE l.variant_id = ANY(%(variant_ids)s) AND v.units > 0

-- name: past_date
-- Shelves whose lots have more units than lie there: customers get nothing that has expired, so it was that.
SELECT c.sku
FROM jsonb_to_recordset(%(places)s::jsonb) AS p (variant_id uuid, shelf_id uuid)
INNER JOIN variants AS c ON c.id = p.variant_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(v.units), 0) AS units FROM stock_lots AS l
    INNER JOIN stock_lot_levels AS v ON v.lot_id = l.id AND v.location_id = p.shelf_id
    WHERE l.variant_id = p.variant_id
) AS known
CROSS JOIN LATERAL (
    SELECT coalesce(sum(o.units), 0) AS units FROM stock_on_shelves AS o
    WHERE o.variant_id = p.variant_id AND o.shelf_id = p.shelf_id
) AS lying
WHERE known.units > greatest(lying.units, 0)

-- name: expired
-- Units past their date where something can be sold, with the books that they can be taken out of: the shelf's
-- own first, then what is set aside there.
SELECT
    l.id AS lot_id, l.variant_id, l.code, v.location_id AS shelf_id, v.units, b.id AS location_id,
    a.on_hand - a.held AS free
FROM stock_lot_levels AS v
INNER JOIN stock_lots AS l ON l.id = v.lot_id
INNER JOIN stock_locations AS s ON s.id = v.location_id AND s.kind IN ('warehouse', 'store')
INNER JOIN stock_locations AS b ON coalesce(b.shelf_id, b.id) = s.id AND b.kind <> 'outgoing'
INNER JOIN stock_levels AS n ON n.variant_id = l.variant_id AND n.location_id = b.id
INNER JOIN capacity_accounts AS a ON a.id = n.account_id
WHERE v.units > 0 AND v.expires_on < %(today)s AND a.on_hand - a.held > 0
ORDER BY v.expires_on, l.id, b.shelf_id NULLS FIRST, b.id
LIMIT %(limit)s

-- name: date_lot
UPDATE stock_lots SET expires_on = %(expires_on)s WHERE id = %(id)s RETURNING variant_id, code

-- name: date_lot_levels
UPDATE stock_lot_levels SET expires_on = %(expires_on)s WHERE lot_id = %(id)s

-- name: lots_beside
-- Each of these lots, and where units of its variant's other lots lie.
SELECT
    l.id AS lot_id, l.variant_id, l.code, coalesce(v.expires_on, date '9999-12-31') AS expires_on,
    coalesce(v.location_id, l.id) AS location_id, coalesce(v.units, 0) AS units
FROM stock_lots AS l
LEFT JOIN stock_lot_levels AS v ON v.lot_id = l.id
WHERE l.variant_id IN (SELECT variant_id FROM stock_lots WHERE id = ANY(%(lot_ids)s))

-- name: lot_entries
SELECT id FROM stock_lot_entries WHERE id = ANY(%(ids)s)

-- name: open_lot_levels
INSERT INTO stock_lot_levels (lot_id, location_id, expires_on, units)
SELECT DISTINCT e.lot_id, e.location_id, coalesce(l.expires_on, date '9999-12-31'), 0
FROM jsonb_to_recordset(%(entries)s::jsonb) AS e (lot_id uuid, location_id uuid)
INNER JOIN stock_lots AS l ON l.id = e.lot_id
ORDER BY e.lot_id, e.location_id
ON CONFLICT (lot_id, location_id) DO UPDATE SET expires_on = excluded.expires_on

-- name: insert_lot_entries
WITH written AS (
    INSERT INTO stock_lot_entries (id, at, lot_id, location_id, units, move_id)
    SELECT e.id, %(now)s, e.lot_id, e.location_id, e.units, e.move_id
    FROM jsonb_to_recordset(%(entries)s::jsonb) AS e (
        id uuid, lot_id uuid, location_id uuid, units bigint, move_id uuid
    )
    ORDER BY e.id
    ON CONFLICT (id) DO NOTHING
    RETURNING lot_id, location_id, units
)
UPDATE stock_lot_levels AS l
SET units = l.units + w.units
FROM (SELECT lot_id, location_id, sum(units) AS units FROM written GROUP BY lot_id, location_id) AS w
WHERE l.lot_id = w.lot_id AND l.location_id = w.location_id

-- fragment: lot
l.id AS lot_id, l.variant_id, l.code, v.expires_on, v.location_id, s.name AS location,
s.kind AS location_kind, v.units, c.sku, c.title

-- name: expiring
SELECT {lot} FROM stock_lot_levels AS v
INNER JOIN stock_lots AS l ON l.id = v.lot_id
INNER JOIN stock_locations AS s ON s.id = v.location_id
INNER JOIN variants AS c ON c.id = l.variant_id
WHERE
    v.units > 0 AND v.expires_on <= %(until)s
    AND (v.expires_on, v.lot_id, v.location_id) > (%(after_on)s, %(after_lot)s, %(after_location)s)
ORDER BY v.expires_on, v.lot_id, v.location_id
LIMIT %(limit)s

-- name: lots_of
SELECT {lot} FROM stock_lots AS l
INNER JOIN stock_lot_levels AS v ON v.lot_id = l.id
INNER JOIN stock_locations AS s ON s.id = v.location_id
INNER JOIN variants AS c ON c.id = l.variant_id
WHERE l.variant_id = %(variant_id)s AND v.units > 0
ORDER BY v.expires_on, l.code, s.name
LIMIT 200

-- name: lock_shelf
SELECT a.id
FROM stock_levels AS l
INNER JOIN capacity_accounts AS a ON a.id = l.account_id
INNER JOIN stock_locations AS s ON s.id = l.location_id
WHERE l.variant_id = %(variant_id)s AND coalesce(s.shelf_id, s.id) = %(shelf_id)s
ORDER BY a.id
FOR UPDATE OF a

-- name: shelf_units
SELECT coalesce(sum(units), 0)::bigint FROM stock_on_shelves
WHERE variant_id = %(variant_id)s AND shelf_id = %(shelf_id)s
