-- name: unsettled
-- What is still under way, each thing by name: the demo's report waits for all of it.
SELECT
    (SELECT count(*) FROM messages WHERE state IN ('queued', 'sending')) AS messages,
    (SELECT count(*) FROM sends WHERE campaign_id = %(campaign_id)s AND state IN ('planned', 'queued')) AS sends,
    (SELECT count(*) FROM orders WHERE state = 'placed') AS orders,
    (SELECT count(*) FROM promises WHERE campaign_id = %(campaign_id)s AND state = 'made') AS promises,
    (
        SELECT greatest(max(l.position) - min(s.position), 0)
        FROM journal_line AS l CROSS JOIN journal_subscribers AS s
    ) AS unread_events,
    (
        SELECT greatest(max(q.last_value) - max(l.position), 0)
        FROM journal_line AS l CROSS JOIN journal_events_id_seq AS q
    ) AS events_beyond_the_line
