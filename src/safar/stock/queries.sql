-- name: ensure_locations
INSERT INTO stock_locations (id, name, kind, created_at)
SELECT l.id, l.name, l.kind, %(now)s
FROM jsonb_to_recordset(%(locations)s::jsonb) AS l (id uuid, name text, kind text)
ON CONFLICT (id) DO NOTHING

-- name: insert_moves
-- In the order of their ids, so that two writers of the same moves never wait for each other in a circle.
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
RETURNING id

-- name: moves
SELECT id, variant_id, from_location_id, to_location_id, quantity FROM stock_moves WHERE id = ANY(%(ids)s)

-- name: levels
SELECT l.variant_id, l.location_id, l.account_id, a.on_hand, a.held
FROM stock_levels AS l
INNER JOIN capacity_accounts AS a ON a.id = l.account_id
WHERE l.variant_id = ANY(%(variant_ids)s)

-- name: insert_levels
INSERT INTO stock_levels (variant_id, location_id, account_id)
SELECT l.variant_id, l.location_id, l.account_id
FROM jsonb_to_recordset(%(levels)s::jsonb) AS l (variant_id uuid, location_id uuid, account_id bigint)
ON CONFLICT (variant_id, location_id) DO NOTHING

-- name: own_locations
SELECT id, name, kind FROM stock_locations
WHERE kind IN ('warehouse', 'store', 'allocation')
ORDER BY kind DESC, created_at, id
LIMIT %(limit)s

-- name: moves_of_variant
-- Newest first, after the last one seen.
SELECT
    m.id, m.at, m.variant_id, m.from_location_id, f.name AS from_name, m.to_location_id, t.name AS to_name,
    m.quantity, m.reason, m.document
FROM stock_moves AS m
INNER JOIN stock_locations AS f ON f.id = m.from_location_id
INNER JOIN stock_locations AS t ON t.id = m.to_location_id
WHERE
    m.variant_id = %(variant_id)s
    AND (%(before_at)s::timestamptz IS NULL OR (m.at, m.id) < (%(before_at)s, %(before_id)s))
ORDER BY m.at DESC, m.id DESC
LIMIT %(limit)s

-- name: recount
-- The levels checked against their moves: rows only where they differ.
SELECT l.variant_id, l.location_id, a.on_hand, coalesce(m.moved, 0)::bigint AS moved
FROM stock_levels AS l
INNER JOIN capacity_accounts AS a ON a.id = l.account_id
LEFT JOIN (
    SELECT e.variant_id, e.location_id, sum(e.units) AS moved
    FROM (
        SELECT variant_id, to_location_id AS location_id, quantity AS units FROM stock_moves
        UNION ALL
        SELECT variant_id, from_location_id, -quantity FROM stock_moves
    ) AS e
    GROUP BY e.variant_id, e.location_id
) AS m ON m.variant_id = l.variant_id AND m.location_id = l.location_id
WHERE a.on_hand <> coalesce(m.moved, 0)
