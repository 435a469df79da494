-- owns: journal_events, journal_failures, journal_line, journal_subscribers

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

-- name: channel
-- Names of channels belong to the whole database, and a shop is a schema of it. A hash: names have a limit.
SELECT 'safar_line_' || md5(current_schema())

-- name: tell_listeners
SELECT pg_notify('safar_line_' || md5(current_schema()), '')

-- name: line
SELECT position FROM journal_line

-- fragment: event
id, at, name, customer_id, campaign_id, staff_id, subject_id, properties

-- name: read
-- Everything after a position, up to the line and never beyond it.
SELECT {event} FROM journal_events
WHERE id > %(after)s AND id <= %(until)s AND (%(names)s::text [] IS NULL OR name = ANY(%(names)s))
ORDER BY id
LIMIT %(limit)s

-- name: of_customer
-- Without the lines of the ledger: what was held for somebody is told by what they did.
SELECT {event} FROM journal_events
WHERE customer_id = ANY(%(customer_ids)s) AND id < %(before)s AND name NOT LIKE 'hold.%%'
ORDER BY id DESC
LIMIT %(limit)s

-- name: of_staff
SELECT {event} FROM journal_events
WHERE
    staff_id IS NOT NULL AND id < %(before)s
    AND (%(who)s::uuid IS NULL OR staff_id = %(who)s)
    AND (%(area)s::text IS NULL OR name LIKE %(area)s || '.%%')
    AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR at < %(until)s)
ORDER BY id DESC
LIMIT %(limit)s

-- name: register_subscriber
INSERT INTO journal_subscribers (name, position) VALUES (%(name)s, %(position)s) ON CONFLICT DO NOTHING

-- name: take_subscriber
-- One worker at a time; another that finds it taken goes on with something else.
SELECT
    position, EXISTS (
        SELECT FROM journal_failures WHERE subscriber = %(name)s AND asked_at IS NOT NULL
    ) AS asked
FROM journal_subscribers WHERE name = %(name)s FOR UPDATE SKIP LOCKED

-- name: is_registered
SELECT EXISTS (SELECT FROM journal_subscribers WHERE name = %(name)s)

-- name: move_subscriber
UPDATE journal_subscribers SET position = %(position)s WHERE name = %(name)s

-- name: record_failure
INSERT INTO journal_failures AS f (subscriber, event_id, error, failed_at)
VALUES (%(subscriber)s, %(event_id)s, %(error)s, %(at)s)
ON CONFLICT (subscriber, event_id) DO UPDATE
SET error = excluded.error, failed_at = excluded.failed_at, tries = f.tries + 1, asked_at = NULL

-- name: failures
SELECT f.subscriber, f.event_id, f.error, f.failed_at, f.tries, f.asked_at, e.name AS event
FROM journal_failures AS f
LEFT JOIN journal_events AS e ON e.id = f.event_id
ORDER BY f.failed_at DESC, f.event_id
LIMIT %(limit)s

-- name: ask_again
UPDATE journal_failures SET asked_at = %(at)s WHERE subscriber = %(subscriber)s AND event_id = %(event_id)s

-- name: asked_again
SELECT e.id, e.at, e.name, e.customer_id, e.campaign_id, e.staff_id, e.subject_id, e.properties
FROM journal_failures AS f
INNER JOIN journal_events AS e ON e.id = f.event_id
WHERE f.subscriber = %(subscriber)s AND f.asked_at IS NOT NULL
ORDER BY e.id
LIMIT %(limit)s

-- name: end_failure
DELETE FROM journal_failures WHERE subscriber = %(subscriber)s AND event_id = %(event_id)s
