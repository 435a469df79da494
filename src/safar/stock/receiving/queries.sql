-- owns: stock_receiving_lines, stock_receiving_scans, stock_receivings

-- name: start
INSERT INTO stock_receivings (id, location_id, document, state, staff_id, created_at)
VALUES (%(id)s, %(location_id)s, %(document)s, 'open', %(staff_id)s, %(now)s)
ON CONFLICT (id) DO NOTHING

-- fragment: receiving
SELECT
    r.id, r.location_id, s.name AS location, r.document, r.state, r.staff_id, r.created_at, r.ended_at,
    coalesce(n.articles, 0) AS articles, coalesce(n.units, 0) AS units
FROM stock_receivings AS r
INNER JOIN stock_locations AS s ON s.id = r.location_id
LEFT JOIN LATERAL (
    SELECT count(*) AS articles, sum(l.units)::bigint AS units
    FROM stock_receiving_lines AS l WHERE l.receiving_id = r.id AND l.units > 0
) AS n ON true

-- name: receiving
{receiving}
WHERE r.id = %(id)s

-- name: receivings
-- Those that are being scanned, then those of before, the latest first.
{receiving}
WHERE r.state <> 'discarded'
ORDER BY r.state = 'open' DESC, r.created_at DESC, r.id
LIMIT %(limit)s

-- name: lock
SELECT state FROM stock_receivings WHERE id = %(id)s FOR UPDATE

-- name: lock_shared
SELECT state FROM stock_receivings WHERE id = %(id)s FOR SHARE

-- name: insert_scan
INSERT INTO stock_receiving_scans (id, receiving_id, variant_id, units, at)
VALUES (%(scan_id)s, %(receiving_id)s, %(variant_id)s, %(units)s, %(now)s)
ON CONFLICT (id) DO NOTHING

-- name: same_scan
SELECT EXISTS (
    SELECT FROM stock_receiving_scans
    WHERE
        id = %(scan_id)s AND receiving_id = %(receiving_id)s AND variant_id = %(variant_id)s
        AND units = %(units)s
)

-- name: add
INSERT INTO stock_receiving_lines AS l (receiving_id, variant_id, units, scanned_at)
VALUES (%(receiving_id)s, %(variant_id)s, greatest(%(units)s, 0), %(now)s)
ON CONFLICT (receiving_id, variant_id) DO UPDATE
SET units = greatest(l.units + %(units)s, 0), scanned_at = excluded.scanned_at

-- name: set_lines
UPDATE stock_receiving_lines AS l
SET units = coalesce(f.units, l.units), lot = f.lot, expires_on = f.expires_on
FROM jsonb_to_recordset(%(lines)s::jsonb) AS f (variant_id uuid, units bigint, lot text, expires_on date)
WHERE l.receiving_id = %(receiving_id)s AND l.variant_id = f.variant_id

-- fragment: line
SELECT
    l.variant_id, v.sku, v.title, v.barcode, v.tracks_lots, l.units, l.lot, l.expires_on, coalesce(b.bin, '') AS bin
FROM stock_receiving_lines AS l
INNER JOIN stock_receivings AS r ON r.id = l.receiving_id
INNER JOIN variants AS v ON v.id = l.variant_id
LEFT JOIN stock_bins AS b ON b.variant_id = l.variant_id AND b.location_id = r.location_id

-- name: lines
-- What was scanned last comes first.
{line}
WHERE l.receiving_id = %(receiving_id)s AND l.units > 0
ORDER BY l.scanned_at DESC, v.sku
LIMIT %(limit)s

-- name: scanned_line
{line}
WHERE l.receiving_id = %(receiving_id)s AND l.variant_id = %(variant_id)s

-- name: end
UPDATE stock_receivings SET state = %(state)s, ended_at = %(now)s WHERE id = %(id)s
