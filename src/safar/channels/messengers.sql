-- name: keep_notices
-- Keep what was told, with the message where it is known: by the provider's id within the channel, by ours that
-- came back, or as a part of one. Gives these messages.
WITH asked AS (
    SELECT n.* FROM jsonb_to_recordset(%(notices)s::jsonb) AS n (
        channel_id uuid, external_id text, our_id uuid, what text, key text, at timestamptz, code text,
        verdict text, text text
    )
), found AS (
    SELECT a.channel_id, a.external_id, m.id
    FROM asked AS a INNER JOIN messages AS m ON m.channel_id = a.channel_id AND m.external_id = a.external_id
    UNION
    SELECT a.channel_id, a.external_id, m.id
    FROM asked AS a INNER JOIN messages AS m ON m.id = a.our_id AND m.channel_id = a.channel_id
    UNION
    SELECT a.channel_id, a.external_id, p.message_id
    FROM asked AS a INNER JOIN message_notices AS p
        ON p.channel_id = a.channel_id AND p.external_id = a.external_id AND p.message_id IS NOT NULL
), kept AS (
    INSERT INTO message_notices (
        channel_id, external_id, what, key, at, code, verdict, text, message_id, received_at
    )
    SELECT
        a.channel_id, a.external_id, a.what, a.key, a.at, a.code, a.verdict, a.text,
        (SELECT f.id FROM found AS f WHERE f.channel_id = a.channel_id AND f.external_id = a.external_id LIMIT 1),
        %(now)s
    FROM asked AS a
    ORDER BY a.channel_id, a.external_id, a.what, a.key
    ON CONFLICT (channel_id, external_id, what, key) DO UPDATE
    SET at = excluded.at, text = excluded.text, code = excluded.code, verdict = excluded.verdict
    WHERE excluded.at > message_notices.at
)
SELECT DISTINCT id FROM found

-- name: link_parked
UPDATE message_notices AS n SET message_id = m.message_id
FROM jsonb_to_recordset(%(messages)s::jsonb) AS m (channel_id uuid, external_id text, message_id uuid)
WHERE n.channel_id = m.channel_id AND n.external_id = m.external_id AND n.message_id IS NULL
RETURNING n.message_id

-- name: link_overtaken
-- Two transactions at once: one told of a message, one was writing the provider's id of it.
WITH waiting AS (
    SELECT n.channel_id, n.external_id, n.what, n.key, m.id
    FROM message_notices AS n
    INNER JOIN messages AS m ON m.channel_id = n.channel_id AND m.external_id = n.external_id
    WHERE n.message_id IS NULL AND n.received_at > %(since)s
    LIMIT %(limit)s
)
UPDATE message_notices AS n SET message_id = w.id
FROM waiting AS w
WHERE n.channel_id = w.channel_id AND n.external_id = w.external_id AND n.what = w.what AND n.key = w.key
RETURNING n.message_id

-- name: noticed_messages
WITH named AS (
    SELECT
        id, channel_id, author, customer_id, conversation_id, campaign_id, staff_id, address, waiting_since,
        code, direction, state, delivery, edited_at
    FROM messages
    WHERE id = ANY(%(ids)s)
    ORDER BY id
    FOR UPDATE
)
SELECT
    m.*, n.what, n.key, n.at AS told_at, n.code AS told_code, n.verdict, n.text
FROM named AS m
INNER JOIN message_notices AS n ON n.message_id = m.id
ORDER BY m.id, n.at, n.what, n.key

-- name: apply_notices
-- What is not named stays.
UPDATE messages AS m SET
    state = coalesce(c.state, m.state), delivery = coalesce(c.delivery, m.delivery),
    reason = CASE WHEN c.state IS NULL THEN m.reason ELSE c.reason END,
    code = CASE WHEN c.state IS NULL THEN m.code ELSE c.code END,
    ended_at = CASE WHEN c.state IS NULL THEN m.ended_at ELSE %(now)s::timestamptz END,
    body = coalesce(c.body, m.body), edited_at = coalesce(c.edited_at, m.edited_at),
    reactions = coalesce(c.reactions, m.reactions), deleted_at = coalesce(c.deleted_at, m.deleted_at)
FROM (
    SELECT
        d.id, max(d.state) AS state, max(d.delivery) AS delivery, max(d.reason) AS reason, max(d.code) AS code,
        max(d.body) AS body, max(d.edited_at) AS edited_at,
        (array_agg(d.reactions) FILTER (WHERE d.reactions IS NOT NULL))[1] AS reactions,
        max(d.deleted_at) AS deleted_at
    FROM jsonb_to_recordset(%(changes)s::jsonb) AS d (
        id uuid, state text, delivery text, reason text, code text, body text, edited_at timestamptz,
        reactions jsonb, deleted_at timestamptz
    )
    GROUP BY d.id
) AS c
WHERE m.id = c.id

-- name: keep_parts
INSERT INTO message_parts (
    id, message_id, channel_id, position, kind, source, mime, name, bytes, sha256, data, state, next_try_at
)
SELECT
    p.id, p.message_id, p.channel_id, p.position, p.kind, p.source, p.mime, p.name, p.bytes, p.sha256, p.data,
    p.state, %(now)s
FROM jsonb_to_recordset(%(parts)s::jsonb) AS p (
    id uuid, message_id uuid, channel_id uuid, position bigint, kind text, source text, mime text, name text,
    bytes bigint, sha256 text, data jsonb, state text
)

-- name: keep_file
INSERT INTO message_files (part_id, content) VALUES (%(id)s, %(content)b)
ON CONFLICT (part_id) DO UPDATE SET content = excluded.content

-- name: take_due_parts
WITH due AS (
    SELECT id FROM message_parts
    WHERE state = 'waiting' AND next_try_at <= %(now)s
    ORDER BY next_try_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE message_parts AS p SET tries = p.tries + 1, next_try_at = %(until)s
FROM due
WHERE p.id = due.id
RETURNING p.id, p.channel_id, p.kind, p.source, p.mime, p.name, p.bytes, p.sha256, p.data, p.tries

-- name: stored_part
UPDATE message_parts AS p
SET state = 'stored', mime = %(mime)s, bytes = %(bytes)s, name = %(name)s, reason = NULL
FROM messages AS m
WHERE p.id = %(id)s AND m.id = p.message_id
RETURNING m.id, m.customer_id, m.conversation_id

-- name: failed_part
UPDATE message_parts SET state = %(state)s, reason = %(reason)s, next_try_at = %(next_try_at)s
WHERE id = %(id)s AND state = 'waiting'

-- name: parts_of
SELECT id, message_id, kind, mime, name, bytes, data, state, reason FROM message_parts
WHERE message_id = ANY(%(ids)s)
ORDER BY message_id, position

-- name: stored_file
SELECT p.name, p.mime, f.content FROM message_parts AS p INNER JOIN message_files AS f ON f.part_id = p.id
WHERE p.id = %(id)s

-- name: take_due_messages
-- Of what is due the oldest of each address, answers before campaigns; nothing overtakes what was written before it.
WITH first AS (
    SELECT id, address, author, at, next_try_at FROM messages
    WHERE channel_id = %(channel_id)s AND state = 'queued' AND author <> 'campaign' AND next_try_at <= %(now)s
    ORDER BY next_try_at
    LIMIT %(look_at)s
), rest AS (
    SELECT id, address, author, at, next_try_at FROM messages
    WHERE channel_id = %(channel_id)s AND state = 'queued' AND author = 'campaign' AND next_try_at <= %(now)s
    ORDER BY next_try_at
    LIMIT greatest(%(look_at)s - (SELECT count(*) FROM first), 0)
), candidates AS (
    SELECT * FROM first
    UNION ALL
    SELECT * FROM rest
), chosen AS (
    SELECT c.id FROM candidates AS c
    WHERE NOT EXISTS (
        SELECT FROM messages AS e
        WHERE e.channel_id = %(channel_id)s AND e.address = c.address AND e.state IN ('queued', 'sending')
            AND e.id <> c.id AND (e.at, e.id) < (c.at, c.id)
            AND (e.state = 'sending' OR e.author <> 'campaign' OR c.author = 'campaign')
    ) AND (%(pair_most)s::bigint IS NULL OR (
        SELECT count(*) FROM messages AS p
        WHERE p.channel_id = %(channel_id)s AND p.address = c.address AND p.direction = 'out'
            AND p.at > %(now)s::timestamptz - interval '1 day' AND p.ended_at > %(pair_since)s
            AND p.state IN ('sent', 'unknown')
    ) < %(pair_most)s)
    ORDER BY c.author = 'campaign', c.next_try_at
    LIMIT %(limit)s
), taken AS (
    SELECT m.id FROM messages AS m
    WHERE m.id IN (SELECT chosen.id FROM chosen) AND m.state = 'queued'
    ORDER BY m.id
    FOR UPDATE SKIP LOCKED
)
UPDATE messages AS m SET state = 'sending', tries = tries + 1, next_try_at = %(abandoned_at)s
FROM taken
WHERE m.id = taken.id
RETURNING
    m.id, m.author, m.address, m.subject, m.body, m.language, m.unsubscribe_url, m.in_reply_to, m.tries, m.at,
    m.customer_id, m.campaign_id, m.letter, m.template, m.answers, (
        SELECT max(i.at) FROM messages AS i
        WHERE i.channel_id = m.channel_id AND i.address = m.address AND i.direction = 'in'
    ) AS last_heard_at, m.template IS NOT NULL AND EXISTS (
        SELECT FROM messages AS p
        WHERE p.channel_id = m.channel_id AND p.address = m.address AND p.direction = 'out'
            AND p.at > %(now)s::timestamptz - interval '2 days' AND p.template IS NOT NULL
            AND p.state IN ('sent', 'unknown') AND p.ended_at > %(now)s::timestamptz - interval '1 day'
    ) AS counted

-- name: put_back
UPDATE messages SET state = 'queued', tries = tries - 1, next_try_at = %(until)s
WHERE id = ANY(%(ids)s) AND state = 'sending'

-- name: abandon
UPDATE messages SET state = 'unknown', ended_at = %(now)s, reason = %(reason)s, code = 'lost'
WHERE channel_id = %(channel_id)s AND state = 'sending' AND next_try_at <= %(now)s
RETURNING
    id, channel_id, author, customer_id, conversation_id, campaign_id, staff_id, address, waiting_since, code

-- name: forget_echoes
DELETE FROM messages AS m USING jsonb_to_recordset(%(named)s::jsonb) AS n (
    channel_id uuid, external_id text, message_id uuid
)
WHERE m.channel_id = n.channel_id AND m.external_id = n.external_id AND m.id <> n.message_id
    AND m.direction = 'out' AND m.staff_id IS NULL

-- name: end_sends
-- What was told of it meanwhile (it failed after all, it arrived) stays; the provider's name of it is kept anyway.
UPDATE messages AS m SET
    external_id = coalesce(m.external_id, e.external_id), address = coalesce(e.address, m.address),
    state = CASE WHEN m.state = 'sending' AND m.tries = e.tries OR m.state = 'unknown' AND e.state = 'sent'
        THEN e.state ELSE m.state END,
    ended_at = CASE WHEN e.state = 'queued' THEN NULL ELSE coalesce(m.ended_at, %(now)s) END,
    next_try_at = e.next_try_at, code = e.code, reason = e.reason
FROM jsonb_to_recordset(%(ends)s::jsonb) AS e (
    message_id uuid, tries bigint, state text, external_id text, verdict text, code text, reason text,
    next_try_at timestamptz, address text
)
WHERE m.id = e.message_id AND m.state IN ('sending', 'unknown', 'sent', 'failed') AND (
    m.state = 'sending' AND m.tries = e.tries OR m.state = 'unknown' AND e.state = 'sent'
    OR m.external_id IS NULL AND e.external_id IS NOT NULL
)
RETURNING
    m.id, m.channel_id, m.author, m.customer_id, m.conversation_id, m.campaign_id, m.staff_id, m.address,
    m.waiting_since, CASE WHEN e.state IN ('failed', 'unknown') THEN e.verdict END AS code,
    CASE WHEN m.state = e.state THEN m.state ELSE '' END AS state

-- name: note_attempts
INSERT INTO message_attempts (message_id, number, at, verdict, code, reason)
SELECT e.message_id, e.tries, %(now)s, e.verdict, e.code, e.reason
FROM jsonb_to_recordset(%(ends)s::jsonb) AS e (
    message_id uuid, tries bigint, verdict text, code text, reason text
)
INNER JOIN messages AS m ON m.id = e.message_id
ON CONFLICT (message_id, number) DO UPDATE
SET at = excluded.at, verdict = excluded.verdict, code = excluded.code, reason = excluded.reason

-- name: name_parts
INSERT INTO message_notices (channel_id, external_id, what, at, message_id, received_at)
SELECT n.channel_id, n.external_id, 'part', %(now)s, n.message_id, %(now)s
FROM jsonb_to_recordset(%(named)s::jsonb) AS n (channel_id uuid, external_id text, message_id uuid)
ORDER BY n.channel_id, n.external_id
ON CONFLICT (channel_id, external_id, what, key) DO UPDATE SET message_id = excluded.message_id

-- name: attempts
SELECT number, at, verdict, code, reason FROM message_attempts WHERE message_id = %(id)s ORDER BY number

-- name: settle_arrived
UPDATE messages SET state = 'sent', reason = NULL, code = NULL
WHERE id = %(id)s AND state = 'unknown'
RETURNING
    id, channel_id, author, customer_id, conversation_id, campaign_id, staff_id, address, waiting_since, code

-- name: settle_again
UPDATE messages SET state = 'queued', tries = 0, ended_at = NULL, reason = NULL, code = NULL, next_try_at = %(now)s
WHERE id = %(id)s AND state = 'unknown'
RETURNING
    id, channel_id, author, customer_id, conversation_id, campaign_id, staff_id, address, waiting_since, code

-- name: keep_posts
INSERT INTO channel_envelopes (id, channel_id, received_at, body, error, content_type)
SELECT p.id, p.channel_id, %(now)s, decode(p.body, 'base64'), p.error, p.content_type
FROM jsonb_to_recordset(%(posts)s::jsonb) AS p (
    id uuid, channel_id uuid, body text, error text, content_type text
)
ORDER BY p.id
ON CONFLICT (id) DO NOTHING
RETURNING id

-- name: keep_echoed
INSERT INTO messages (
    id, channel_id, direction, author, customer_id, conversation_id, external_id, address, body, language, state,
    at, next_try_at, ended_at
)
SELECT
    m.id, m.channel_id, 'out', 'staff', m.customer_id, m.conversation_id, m.external_id, m.address, m.body,
    m.language, 'sent', m.at, m.at, m.at
FROM jsonb_to_recordset(%(messages)s::jsonb) AS m (
    id uuid, channel_id uuid, customer_id uuid, conversation_id uuid, external_id text, address text, body text,
    language text, at timestamptz
)
ON CONFLICT (channel_id, external_id) DO NOTHING
RETURNING id

-- name: unread_by
SELECT id FROM messages
WHERE channel_id = %(channel_id)s AND address = %(address)s AND direction = 'out' AND at <= %(until)s
    AND at > %(until)s::timestamptz - interval '7 days' AND state = 'sent' AND delivery IS DISTINCT FROM 'read'
ORDER BY at DESC
LIMIT 200

-- name: keep_news
INSERT INTO channel_news (id, channel_id, what, detail, bad, at)
VALUES (%(id)s, %(channel_id)s, %(what)s, %(detail)s, %(bad)s, %(now)s)

-- name: newest_news
SELECT channel_id, what, detail, bad, at FROM channel_news ORDER BY at DESC LIMIT %(limit)s
