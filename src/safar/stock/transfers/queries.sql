-- owns: stock_transfer_arrivals, stock_transfer_lines, stock_transfers

-- name: insert_transfer
WITH written AS (
    INSERT INTO stock_transfers
    (id, from_location_id, to_location_id, state, expected_on, note, fingerprint, staff_id, created_at)
    VALUES (
        %(id)s, %(from_id)s, %(to_id)s, 'draft', %(expected_on)s, %(note)s, %(fingerprint)s, %(staff_id)s, %(now)s
    )
    ON CONFLICT (id) DO NOTHING
    RETURNING id, number
), lines AS (
    INSERT INTO stock_transfer_lines (transfer_id, variant_id, quantity)
    SELECT w.id, l.variant_id, l.quantity
    FROM written AS w
    CROSS JOIN jsonb_to_recordset(%(lines)s::jsonb) AS l (variant_id uuid, quantity bigint)
)
SELECT number FROM written

-- name: drafted
SELECT number, fingerprint FROM stock_transfers WHERE id = %(id)s

-- name: lock_transfer
SELECT id FROM stock_transfers WHERE id = %(id)s FOR UPDATE

-- name: remove_line
DELETE FROM stock_transfer_lines WHERE transfer_id = %(transfer_id)s AND variant_id = %(variant_id)s

-- name: set_line
INSERT INTO stock_transfer_lines (transfer_id, variant_id, quantity)
SELECT %(transfer_id)s, %(variant_id)s, %(quantity)s
WHERE (
    SELECT count(*) FROM stock_transfer_lines
    WHERE transfer_id = %(transfer_id)s AND variant_id <> %(variant_id)s
) < %(lines_max)s
ON CONFLICT (transfer_id, variant_id) DO UPDATE SET quantity = excluded.quantity

-- name: change_lines
UPDATE stock_transfer_lines AS l
SET arrived = l.arrived + c.arrived, lost = l.lost + c.lost
FROM jsonb_to_recordset(%(changes)s::jsonb) AS c (variant_id uuid, arrived bigint, lost bigint)
WHERE l.transfer_id = %(transfer_id)s AND l.variant_id = c.variant_id

-- name: insert_arrival
INSERT INTO stock_transfer_arrivals (id, transfer_id, at, fingerprint, staff_id)
VALUES (%(id)s, %(transfer_id)s, %(now)s, %(fingerprint)s, %(staff_id)s)
ON CONFLICT (id) DO NOTHING

-- name: arrival_fingerprint
SELECT fingerprint FROM stock_transfer_arrivals WHERE id = %(id)s

-- name: set_state
UPDATE stock_transfers
SET
    state = %(state)s, reason = %(reason)s,
    sent_at = CASE WHEN %(state)s = 'sent' THEN %(now)s ELSE sent_at END,
    closed_at = CASE WHEN %(state)s IN ('arrived', 'cancelled') THEN %(now)s END
WHERE id = %(id)s

-- fragment: transfer
t.id, t.number, t.from_location_id, f.name AS from_name, t.to_location_id, o.name AS to_name, t.state,
t.expected_on, t.note, t.reason, t.created_at, t.sent_at, t.closed_at, l.units, l.units_arrived, l.units_lost

-- fragment: sums
coalesce(sum(quantity), 0)::bigint AS units, coalesce(sum(arrived), 0)::bigint AS units_arrived,
coalesce(sum(lost), 0)::bigint AS units_lost

-- name: transfer
SELECT {transfer} FROM stock_transfers AS t
INNER JOIN stock_locations AS f ON f.id = t.from_location_id
INNER JOIN stock_locations AS o ON o.id = t.to_location_id
CROSS JOIN LATERAL (
    SELECT {sums} FROM stock_transfer_lines WHERE transfer_id = t.id
) AS l
WHERE t.id = %(id)s

-- name: transfers
SELECT {transfer} FROM (
    SELECT * FROM stock_transfers
    WHERE state = ANY(%(states)s) AND number < %(before)s
    ORDER BY number DESC
    LIMIT %(limit)s
) AS t
INNER JOIN stock_locations AS f ON f.id = t.from_location_id
INNER JOIN stock_locations AS o ON o.id = t.to_location_id
CROSS JOIN LATERAL (
    SELECT {sums} FROM stock_transfer_lines WHERE transfer_id = t.id
) AS l
ORDER BY t.number DESC

-- name: lines_of
SELECT l.variant_id, v.sku, v.title, v.barcode, l.quantity, l.arrived, l.lost
FROM stock_transfer_lines AS l
INNER JOIN variants AS v ON v.id = l.variant_id
WHERE l.transfer_id = %(transfer_id)s
ORDER BY v.sku
LIMIT %(limit)s
