-- owns: stock_count_entries, stock_count_lines, stock_counts

-- name: insert_count
INSERT INTO stock_counts (id, location_id, category, after_sku, state, staff_id, created_at)
VALUES (%(id)s, %(location_id)s, %(category)s, %(after_sku)s, 'open', %(staff_id)s, %(now)s)
RETURNING number

-- name: insert_lines
-- What lies there: set aside or sold and waiting to be packed, too.
INSERT INTO stock_count_lines (count_id, variant_id, sku)
SELECT %(id)s, v.id, v.sku
FROM variants AS v
INNER JOIN products AS p ON p.id = v.product_id
WHERE
    v.id IN (SELECT variant_id FROM stock_on_shelves WHERE shelf_id = %(location_id)s AND units <> 0)
    AND v.sku > %(after_sku)s AND (%(category)s = '' OR p.category = %(category)s)
ORDER BY v.sku
LIMIT %(limit)s

-- name: lock_count
SELECT id FROM stock_counts WHERE id = %(id)s FOR UPDATE

-- name: share_count
SELECT id FROM stock_counts WHERE id = %(id)s FOR SHARE

-- name: insert_entry
INSERT INTO stock_count_entries (id, count_id, variant_id, units, added, staff_id, at)
VALUES (%(id)s, %(count_id)s, %(variant_id)s, %(units)s, %(added)s, %(staff_id)s, %(now)s)
ON CONFLICT (id) DO NOTHING

-- name: same_entry
SELECT count_id = %(count_id)s AND variant_id = %(variant_id)s AND units = %(units)s AND added = %(added)s
FROM stock_count_entries WHERE id = %(id)s

-- name: enter
-- Locks the line; what was expected is read after it, by a statement of its own.
INSERT INTO stock_count_lines AS l (count_id, variant_id, sku, counted, expected, counted_at)
SELECT %(count_id)s, v.id, v.sku, greatest(%(units)s::bigint, 0), 0, %(now)s FROM variants AS v
WHERE v.id = %(variant_id)s
ON CONFLICT (count_id, variant_id) DO UPDATE
SET
    counted = greatest(CASE WHEN %(added)s THEN coalesce(l.counted, 0) ELSE 0 END + %(units)s, 0),
    expected = coalesce(l.expected, 0), counted_at = %(now)s

-- name: expect
UPDATE stock_count_lines AS c
SET
    expected = coalesce((
        SELECT sum(o.units) FROM stock_on_shelves AS o
        WHERE o.variant_id = c.variant_id AND o.shelf_id = %(location_id)s
    ), 0)
WHERE c.count_id = %(count_id)s AND c.variant_id = %(variant_id)s

-- name: rest_is_none
UPDATE stock_count_lines AS c
SET
    counted = 0, counted_at = %(now)s,
    expected = coalesce((
        SELECT sum(o.units) FROM stock_on_shelves AS o
        WHERE o.variant_id = c.variant_id AND o.shelf_id = %(location_id)s
    ), 0)
WHERE c.count_id = %(count_id)s AND c.counted IS NULL

-- name: finish
UPDATE stock_counts SET state = 'counted', counted_by = %(staff_id)s, counted_at = %(now)s WHERE id = %(id)s

-- name: decide_lines
UPDATE stock_count_lines SET accepted = variant_id = ANY(%(accepted)s::uuid [])
WHERE count_id = %(id)s AND counted <> expected

-- name: approve
UPDATE stock_counts SET state = 'approved', decided_by = %(staff_id)s, decided_at = %(now)s WHERE id = %(id)s

-- name: reopen
UPDATE stock_counts SET state = 'open', counted_by = NULL, counted_at = NULL WHERE id = %(id)s

-- name: cancel
UPDATE stock_counts SET state = 'cancelled', decided_by = %(staff_id)s, decided_at = %(now)s WHERE id = %(id)s

-- fragment: count
c.id, c.number, c.location_id, s.name AS location, c.category, c.after_sku, c.state, c.created_at, c.counted_by,
c.counted_at, c.decided_by, c.decided_at, l.lines, l.lines_counted, l.lines_different

-- name: count
SELECT {count} FROM stock_counts AS c
INNER JOIN stock_locations AS s ON s.id = c.location_id
CROSS JOIN LATERAL (
    SELECT
        count(*) AS lines, count(counted) AS lines_counted,
        count(*) FILTER (WHERE counted <> expected) AS lines_different
    FROM stock_count_lines WHERE count_id = c.id
) AS l
WHERE c.id = %(id)s

-- name: counts
SELECT {count} FROM (
    SELECT * FROM stock_counts
    WHERE state = ANY(%(states)s) AND number < %(before)s
    ORDER BY number DESC
    LIMIT %(limit)s
) AS c
INNER JOIN stock_locations AS s ON s.id = c.location_id
CROSS JOIN LATERAL (
    SELECT
        count(*) AS lines, count(counted) AS lines_counted,
        count(*) FILTER (WHERE counted <> expected) AS lines_different
    FROM stock_count_lines WHERE count_id = c.id
) AS l
ORDER BY c.number DESC

-- fragment: line
l.variant_id, l.sku, v.title, v.barcode, l.counted, l.expected, l.counted_at, l.accepted

-- name: lines_of
SELECT {line} FROM stock_count_lines AS l
INNER JOIN variants AS v ON v.id = l.variant_id
WHERE l.count_id = %(count_id)s AND l.sku > %(after)s
ORDER BY l.sku
LIMIT %(limit)s

-- name: different_lines
SELECT {line} FROM stock_count_lines AS l
INNER JOIN variants AS v ON v.id = l.variant_id
WHERE l.count_id = %(count_id)s AND l.counted <> l.expected
ORDER BY l.sku
LIMIT %(limit)s

-- name: line_of
SELECT {line} FROM stock_count_lines AS l
INNER JOIN variants AS v ON v.id = l.variant_id
WHERE l.count_id = %(count_id)s AND l.variant_id = %(variant_id)s
