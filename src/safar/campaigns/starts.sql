-- name: schedule
UPDATE campaigns SET state = 'scheduled', starts_at = %(at)s, reason = NULL WHERE id = %(id)s

-- name: scheduled
SELECT c.id FROM campaigns AS c
WHERE
    c.state = 'scheduled' AND c.starts_at <= %(now)s
    AND NOT EXISTS (
        SELECT FROM setbacks AS s
        WHERE s.queue = 'campaigns.scheduled' AND s.item = c.id::text AND s.next_try_at > %(now)s
    )
ORDER BY c.starts_at
LIMIT 20

-- name: send_rest
UPDATE campaigns SET waits_for_answers = false WHERE id = %(id)s

-- name: shown_so_far
-- What campaigns came to whose first mails left at least a day ago.
SELECT
    count(*) FILTER (WHERE s.state = 'sent') AS sent, count(s.clicked_at) AS opened,
    count(s.ordered_at) AS ordered, coalesce(sum(s.units), 0)::bigint AS units
FROM (SELECT id FROM campaigns WHERE started_at < %(before)s ORDER BY started_at DESC LIMIT %(limit)s) AS c
JOIN sends AS s ON s.campaign_id = c.id
