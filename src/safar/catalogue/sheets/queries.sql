-- owns: sheet_rows, sheet_uploads

-- name: open_upload
INSERT INTO sheet_uploads (id, kind, staff_id, name, columns, uploaded_at)
VALUES (%(id)s, %(kind)s, %(staff_id)s, %(name)s, %(columns)s::jsonb, %(now)s)

-- name: save_sheet_rows
INSERT INTO sheet_rows (upload_id, number, leads, sku, outcome, record, notes)
SELECT %(upload_id)s, r.number, coalesce(r.leads, r.number), r.sku, r.outcome, r.record, r.notes
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    number bigint, leads bigint, sku text, outcome text, record jsonb, notes jsonb
)

-- name: join_sheet_rows
UPDATE sheet_rows AS s SET leads = j.leads
FROM jsonb_to_recordset(%(joined)s::jsonb) AS j (was bigint, leads bigint)
WHERE s.upload_id = %(upload_id)s AND s.leads = j.was

-- name: forget_old_uploads
DELETE FROM sheet_uploads WHERE uploaded_at < %(before)s

-- name: upload
SELECT u.id, u.kind, u.name, u.columns, u.uploaded_at, u.written_at, u.written, coalesce(r.counts, '{}') AS counts
FROM sheet_uploads AS u
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(o.outcome, o.rows) AS counts
    FROM (SELECT s.outcome, count(*) AS rows FROM sheet_rows AS s WHERE s.upload_id = u.id GROUP BY s.outcome) AS o
) AS r ON true
WHERE u.id = %(id)s AND u.kind = %(kind)s

-- name: lock_upload
SELECT written_at IS NOT NULL FROM sheet_uploads WHERE id = %(id)s FOR UPDATE

-- name: sheet_rows
SELECT number, sku, outcome, record, notes
FROM sheet_rows
WHERE upload_id = %(upload_id)s AND outcome = ANY(%(outcomes)s) AND number > %(after)s
ORDER BY number
LIMIT %(limit)s

-- name: written_until
SELECT written_until FROM sheet_uploads WHERE id = %(id)s

-- name: next_products
-- Some hundred rows, and what else is of the last product. A new kit is written with what it consists of.
WITH wanted AS MATERIALIZED (
    SELECT number, leads, sku, outcome, record, notes
    FROM sheet_rows
    WHERE upload_id = %(upload_id)s AND outcome IN ('new', 'changed')
        AND CASE
            WHEN %(kits)s THEN leads > (SELECT kits_until FROM sheet_uploads WHERE id = %(upload_id)s)
                AND coalesce(record -> 'parts', '{}') <> '{}'
            ELSE leads > (SELECT written_until FROM sheet_uploads WHERE id = %(upload_id)s)
                AND (outcome = 'changed' OR coalesce(record -> 'parts', '{}') = '{}')
        END
)
SELECT number, leads, sku, outcome, record, notes FROM wanted
WHERE leads <= (SELECT max(leads) FROM (SELECT leads FROM wanted ORDER BY leads LIMIT %(limit)s) AS first)
ORDER BY leads, number

-- name: mark_kits_until
UPDATE sheet_uploads SET kits_until = %(until)s, written = %(written)s WHERE id = %(id)s

-- name: mark_until
UPDATE sheet_uploads SET written_until = %(until)s, written = %(written)s WHERE id = %(id)s

-- name: mark_wrong
UPDATE sheet_rows SET outcome = 'wrong', notes = %(notes)s::jsonb
WHERE upload_id = %(upload_id)s AND number = %(number)s

-- name: mark_written
UPDATE sheet_uploads SET written_at = %(now)s, written = %(written)s WHERE id = %(id)s

-- name: products_of_slugs
SELECT slug, id FROM products WHERE slug = ANY(%(slugs)s)

-- name: codes_of_others
SELECT id, sku, barcode AS code FROM variants WHERE barcode = ANY(%(codes)s)

-- name: part_skus
SELECT v.sku, v.is_kit, EXISTS (SELECT FROM kit_parts AS k WHERE k.part_id = v.id) AS is_part
FROM variants AS v
WHERE v.sku = ANY(%(skus)s)
