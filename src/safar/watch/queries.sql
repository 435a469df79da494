-- owns: process_beats

-- name: beat
INSERT INTO process_beats (process_id, role, beat_at, lapsed)
VALUES (%(id)s, %(role)s, now(), %(lapsed)s)
ON CONFLICT (process_id) DO UPDATE SET beat_at = excluded.beat_at, lapsed = excluded.lapsed

-- name: readings
-- Everything in one trip, each from an index that holds little else. Seconds; null where nothing waits.
-- Signs of life are compared by the database's clock, which wrote them.
SELECT
    (
        SELECT extract(EPOCH FROM now() - max(beat_at))::float8 FROM process_beats WHERE role = 'worker'
    ) AS worker_silent_s,
    (
        SELECT extract(EPOCH FROM %(now)s::timestamptz - e.at)::float8
        FROM journal_events AS e, journal_line AS l
        WHERE e.id > l.position
        ORDER BY e.id LIMIT 1
    ) AS line_stands_s,
    (
        SELECT extract(EPOCH FROM %(now)s::timestamptz - min(expires_at))::float8 FROM capacity_holds
        WHERE state = 'live' AND expires_at <= %(now)s
    ) AS holds_overdue_s,
    (
        SELECT extract(EPOCH FROM %(now)s::timestamptz - min(next_try_at))::float8 FROM messages
        WHERE state IN ('queued', 'sending') AND author <> 'campaign' AND next_try_at <= %(now)s
    ) AS outbox_oldest_s,
    (SELECT count(*) FROM setbacks WHERE tries >= 3) AS setbacks,
    (SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed') AS failed_jobs

-- name: readers
-- How long each reader's next event has waited; the newest position is at the line or before it.
SELECT s.name, extract(EPOCH FROM %(now)s::timestamptz - e.at)::float8 AS behind_s
FROM journal_subscribers AS s
CROSS JOIN journal_line AS l
CROSS JOIN LATERAL (
    SELECT j.at FROM journal_events AS j WHERE j.id > s.position AND j.id <= l.position ORDER BY j.id LIMIT 1
) AS e
WHERE s.position < l.position
ORDER BY s.name

-- name: lapsed
SELECT b.role, l.loop, max(l.errors) AS errors, max(l.error) AS error
FROM process_beats AS b
CROSS JOIN jsonb_to_recordset(b.lapsed) AS l (loop text, errors integer, error text)
WHERE b.beat_at > now() - interval '30 seconds'
GROUP BY b.role, l.loop
ORDER BY b.role, l.loop
