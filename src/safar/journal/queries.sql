-- name: append
-- The shared lock comes before the rows get their ids: the CTE is evaluated before the first row is
-- formed. The line keeper takes the same lock alone, so no id below its reading can still be on its way.
WITH line AS MATERIALIZED (
    SELECT pg_advisory_xact_lock_shared(%(classid)s, hashtext(current_schema()))
)
INSERT INTO journal_events (at, name, customer_id, campaign_id, staff_id, subject_id, properties)
SELECT e.at, e.name, e.customer_id, e.campaign_id, e.staff_id, e.subject_id, e.properties
FROM line
CROSS JOIN jsonb_to_recordset(%(events)s::jsonb) AS e (
    at timestamptz, name text, customer_id uuid, campaign_id uuid, staff_id uuid, subject_id uuid,
    properties jsonb
)

-- name: highest_handed_out
-- The sequence itself, not the table: rows that are not committed yet count.
SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM journal_events_id_seq

-- name: take_line_alone
SELECT pg_advisory_xact_lock(%(classid)s, hashtext(current_schema()))

-- name: try_keeper
SELECT pg_try_advisory_xact_lock(%(classid)s, hashtext(current_schema()))

-- name: move_line
UPDATE journal_line SET position = %(position)s WHERE position < %(position)s

-- name: line
SELECT position FROM journal_line

-- name: read
-- Everything after a position, up to the line and never beyond it.
SELECT id, at, name, customer_id, campaign_id, staff_id, subject_id, properties
FROM journal_events
WHERE id > %(after)s AND id <= %(until)s AND (%(names)s::text [] IS NULL OR name = ANY(%(names)s))
ORDER BY id
LIMIT %(limit)s

-- name: of_customer
SELECT id, at, name, customer_id, campaign_id, staff_id, subject_id, properties
FROM journal_events
WHERE customer_id = ANY(%(customer_ids)s) AND id < %(before)s
ORDER BY id DESC
LIMIT %(limit)s

-- name: of_staff
SELECT id, at, name, customer_id, campaign_id, staff_id, subject_id, properties
FROM journal_events
WHERE staff_id IS NOT NULL AND id < %(before)s
ORDER BY id DESC
LIMIT %(limit)s

-- name: register_subscriber
INSERT INTO journal_subscribers (name, position) VALUES (%(name)s, %(position)s) ON CONFLICT DO NOTHING

-- name: take_subscriber
-- One worker at a time; another that finds it taken goes on with something else.
SELECT position FROM journal_subscribers WHERE name = %(name)s FOR UPDATE SKIP LOCKED

-- name: move_subscriber
UPDATE journal_subscribers SET position = %(position)s WHERE name = %(name)s

-- name: record_failure
INSERT INTO journal_failures (subscriber, event_id, error, failed_at)
VALUES (%(subscriber)s, %(event_id)s, %(error)s, %(at)s)
ON CONFLICT (subscriber, event_id) DO UPDATE SET error = excluded.error, failed_at = excluded.failed_at

-- name: failures
SELECT subscriber, event_id, error, failed_at FROM journal_failures ORDER BY failed_at DESC LIMIT %(limit)s
