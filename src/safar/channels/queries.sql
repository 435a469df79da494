-- owns: channel_envelopes, channel_gone_addresses, channel_hours, channel_news, channels, mail_texts, message_attempts, message_files, message_notices, message_parts, messages

-- name: ensure_channels
INSERT INTO channels (id, kind, name, created_at)
SELECT c.id, c.kind, c.name, %(now)s
FROM jsonb_to_recordset(%(channels)s::jsonb) AS c (id uuid, kind text, name text)
ON CONFLICT (id) DO NOTHING

-- fragment: into_outbox
INSERT INTO messages (
    id, channel_id, direction, author, customer_id, conversation_id, campaign_id, staff_id, address, subject,
    body, language, state, at, next_try_at, ended_at, waiting_since, in_reply_to, unsubscribe_url, letter
)
SELECT
    m.message_id, m.channel_id, 'out', m.author, m.customer_id, m.conversation_id, m.campaign_id, m.staff_id,
    m.address, m.subject, m.body, m.language, m.state, m.at, m.at, m.ended_at, m.waiting_since, m.in_reply_to,
    m.unsubscribe_url, m.letter
FROM jsonb_to_recordset(%(messages)s::jsonb) AS m (
    message_id uuid, channel_id uuid, author text, customer_id uuid, conversation_id uuid, campaign_id uuid,
    staff_id uuid, address text, subject text, body text, language text, state text, at timestamptz,
    ended_at timestamptz, waiting_since timestamptz, in_reply_to text, unsubscribe_url text, letter jsonb
)

-- name: queue
-- A message id that is there already is left as it is: the same request, come again.
{into_outbox}
ON CONFLICT (id) DO NOTHING
RETURNING id

-- name: queue_first
{into_outbox}

-- name: take_due
-- Replies first, then campaign mails with what room is left. A row that a dead process left "sending" comes
-- due again when its time is up.
WITH first AS (
    SELECT id FROM messages
    WHERE channel_id = %(channel_id)s AND state IN ('queued', 'sending') AND author <> 'campaign'
        AND next_try_at <= %(now)s
    ORDER BY next_try_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
), rest AS (
    SELECT id FROM messages
    WHERE channel_id = %(channel_id)s AND state IN ('queued', 'sending') AND author = 'campaign'
        AND next_try_at <= %(now)s
    ORDER BY next_try_at
    LIMIT greatest(%(limit)s - (SELECT count(*) FROM first), 0)
    FOR UPDATE SKIP LOCKED
), taken AS (
    SELECT id FROM first UNION ALL SELECT id FROM rest
)
UPDATE messages SET state = 'sending', tries = tries + 1, next_try_at = %(abandoned_at)s
FROM taken
WHERE messages.id = taken.id
RETURNING
    messages.id, author, address, subject, body, language, unsubscribe_url, in_reply_to, tries, at, customer_id,
    campaign_id, letter

-- name: withhold
-- What was taken and may not leave: for good, or until a time.
UPDATE messages
SET
    state = CASE WHEN w.until IS NULL THEN 'skipped' ELSE 'queued' END,
    ended_at = CASE WHEN w.until IS NULL THEN %(now)s::timestamptz END,
    next_try_at = coalesce(w.until, next_try_at), tries = tries - 1, reason = w.reason
FROM jsonb_to_recordset(%(withheld)s::jsonb) AS w (message_id uuid, reason text, until timestamptz)
WHERE messages.id = w.message_id AND messages.state = 'sending'
RETURNING
    messages.id, channel_id, author, customer_id, conversation_id, campaign_id, staff_id, address,
    waiting_since, w.reason AS code, messages.state

-- name: note_gone
INSERT INTO channel_gone_addresses (channel_id, address, reason, at)
SELECT DISTINCT ON (m.channel_id, m.address) m.channel_id, m.address, m.reason, %(now)s
FROM messages AS m
WHERE m.id = ANY(%(ids)s)
ORDER BY m.channel_id, m.address
ON CONFLICT (channel_id, address) DO UPDATE SET reason = excluded.reason, at = excluded.at

-- name: forget_gone
DELETE FROM channel_gone_addresses AS g USING messages AS m
WHERE m.id = %(id)s AND g.channel_id = m.channel_id AND g.address = m.address

-- name: end_sent
-- Whoever sent it, sent it: also when another process has taken it for abandoned meanwhile.
UPDATE messages SET state = 'sent', ended_at = %(now)s, reason = NULL
FROM jsonb_to_recordset(%(attempts)s::jsonb) AS a (message_id uuid)
WHERE messages.id = a.message_id AND messages.state IN ('sending', 'queued')
RETURNING
    messages.id, channel_id, author, customer_id, conversation_id, campaign_id, staff_id, address,
    waiting_since, NULL::text AS code

-- name: end_failed
UPDATE messages SET state = 'failed', ended_at = %(now)s, reason = a.reason
FROM jsonb_to_recordset(%(attempts)s::jsonb) AS a (message_id uuid, tries integer, reason text, code text)
WHERE messages.id = a.message_id AND messages.state = 'sending' AND messages.tries = a.tries
RETURNING
    messages.id, channel_id, author, customer_id, conversation_id, campaign_id, staff_id, address,
    waiting_since, a.code

-- name: end_again
UPDATE messages
SET state = 'queued', reason = a.reason, tries = messages.tries - CASE WHEN a.counted THEN 0 ELSE 1 END,
    next_try_at = %(now)s::timestamptz + a.pause_s * interval '1 second'
FROM jsonb_to_recordset(%(attempts)s::jsonb) AS a (
    message_id uuid, tries integer, reason text, pause_s double precision, counted boolean
)
WHERE messages.id = a.message_id AND messages.state = 'sending' AND messages.tries = a.tries

-- name: skip
UPDATE messages SET state = 'skipped', ended_at = %(now)s, reason = %(reason)s
WHERE id = ANY(%(ids)s) AND state = 'queued'
RETURNING
    id, channel_id, author, customer_id, conversation_id, campaign_id, staff_id, address,
    waiting_since, %(reason)s::text AS code

-- name: skip_beyond
-- Of what is due next, what goes beyond the address's share of an hour; staff's answers and campaigns are not
-- counted, and a mail counts once it was sent or stands before this one in the outbox.
WITH due AS (
    SELECT id, address, next_try_at FROM messages
    WHERE channel_id = %(channel_id)s AND state = 'queued' AND author IN ('shop', 'bot')
        AND next_try_at <= %(now)s
    ORDER BY next_try_at, id
    LIMIT %(look_at)s
    FOR UPDATE SKIP LOCKED
), counted AS (
    SELECT d.id, row_number() OVER (PARTITION BY d.address ORDER BY d.next_try_at, d.id) + (
        SELECT count(*) FROM messages AS m
        WHERE m.channel_id = %(channel_id)s AND m.address = d.address AND m.at > %(since)s
            AND m.direction = 'out' AND m.author IN ('shop', 'bot') AND m.state IN ('sent', 'sending')
    ) AS number
    FROM due AS d
)
UPDATE messages SET state = 'skipped', ended_at = %(now)s, reason = %(reason)s
FROM counted AS c
WHERE messages.id = c.id AND c.number > %(per_address)s
RETURNING
    messages.id, channel_id, author, customer_id, conversation_id, campaign_id, staff_id, address,
    waiting_since, 'address_limit'::text AS code

-- name: bounce
-- A report of the receiving side that a mail we handed over was not delivered after all.
UPDATE messages SET state = 'failed', ended_at = %(now)s, reason = b.reason
FROM jsonb_to_recordset(%(bounces)s::jsonb) AS b (message_id uuid, reason text, code text)
WHERE messages.id = b.message_id AND messages.channel_id = %(channel_id)s AND messages.direction = 'out'
    AND messages.state = 'sent'
RETURNING
    messages.id, channel_id, author, customer_id, conversation_id, campaign_id, staff_id, address,
    waiting_since, b.code

-- name: retry
UPDATE messages SET state = 'queued', tries = 0, ended_at = NULL, next_try_at = %(now)s
WHERE id = %(id)s AND state = 'failed'
RETURNING
    id, channel_id, author, customer_id, conversation_id, campaign_id, staff_id, address,
    waiting_since, NULL::text AS code

-- name: set_trouble
UPDATE channels SET trouble = %(trouble)s, trouble_since = coalesce(trouble_since, %(now)s)
WHERE id = %(channel_id)s AND trouble IS DISTINCT FROM %(trouble)s

-- name: end_trouble
UPDATE channels SET trouble = NULL, trouble_since = NULL WHERE id = %(channel_id)s AND trouble IS NOT NULL

-- name: troubles
SELECT kind, name, trouble, trouble_since FROM channels
WHERE trouble IS NOT NULL AND active
ORDER BY kind, name

-- name: problems
SELECT id, author, address, subject, reason, tries, at, ended_at, conversation_id
FROM messages
WHERE state = 'failed'
ORDER BY ended_at DESC, id
LIMIT %(limit)s

-- name: keep_envelope
INSERT INTO channel_envelopes (id, channel_id, received_at, body, error)
VALUES (%(id)s, %(channel_id)s, %(now)s, %(body)b, %(error)s)
ON CONFLICT (id) DO NOTHING

-- name: unread_envelopes
SELECT e.id, e.received_at, e.error, octet_length(e.body) AS bytes, c.name AS channel, c.key IS NOT NULL AS may_reread
FROM channel_envelopes AS e INNER JOIN channels AS c ON c.id = e.channel_id
WHERE e.error IS NOT NULL
ORDER BY e.received_at DESC
LIMIT %(limit)s

-- name: note_envelope_read
UPDATE channel_envelopes SET error = %(error)s WHERE id = %(id)s

-- name: envelope
SELECT body FROM channel_envelopes WHERE id = %(id)s

-- name: in_flight
-- How many messages are on their way out, for the pages and for tests that wait for the end.
SELECT count(*) FROM messages WHERE channel_id = %(channel_id)s AND state IN ('queued', 'sending')

-- name: keep_received
INSERT INTO messages (
    id, channel_id, direction, author, customer_id, conversation_id, campaign_id, external_id, address, subject,
    body, language, state, at, next_try_at, ended_at, automatic, verified,
    for_people, folded, envelope_id, answers, pressed
)
SELECT
    m.id, m.channel_id, 'in', 'customer', m.customer_id, m.conversation_id, m.campaign_id, m.external_id,
    m.address, m.subject, m.body, m.language, 'received', m.at, m.at, m.at, m.automatic,
    m.verified, m.for_people, m.folded, m.envelope_id, m.answers, m.pressed
FROM jsonb_to_recordset(%(messages)s::jsonb) AS m (
    id uuid, channel_id uuid, customer_id uuid, conversation_id uuid, campaign_id uuid, external_id text,
    address text, subject text, body text, language text, at timestamptz, automatic boolean,
    verified boolean, for_people boolean, folded text, envelope_id uuid, answers text, pressed text
)
ON CONFLICT (channel_id, external_id) DO NOTHING
RETURNING id

-- name: page_of_mail
SELECT f.content
FROM message_parts AS p
INNER JOIN message_files AS f ON p.id = f.part_id
WHERE p.message_id = %(id)s AND p.kind = 'page'

-- name: pictures_of_mail
SELECT p.data ->> 'content_id', f.content
FROM message_parts AS p
INNER JOIN message_files AS f ON p.id = f.part_id
WHERE p.message_id = %(id)s AND p.data ? 'content_id'
ORDER BY p.position

-- name: mail_texts
SELECT kind, language, subject, intro, closing FROM mail_texts

-- name: lock_mail_text
SELECT kind, language, subject, intro, closing FROM mail_texts
WHERE kind = %(kind)s AND language = %(language)s
FOR UPDATE

-- name: set_mail_text
INSERT INTO mail_texts (kind, language, subject, intro, closing, changed_at)
VALUES (%(kind)s, %(language)s, %(subject)s, %(intro)s, %(closing)s, %(now)s)
ON CONFLICT (kind, language) DO UPDATE
SET
    subject = excluded.subject, intro = excluded.intro, closing = excluded.closing,
    changed_at = excluded.changed_at

-- name: forget_mail_text
DELETE FROM mail_texts WHERE kind = %(kind)s AND language = %(language)s

-- name: accounts
SELECT id, kind, name, key, scope, settings, secret, active FROM channels
WHERE key IS NOT NULL AND (%(key)s::text IS NULL OR key = %(key)s)
ORDER BY created_at, id

-- name: save_account
INSERT INTO channels (id, kind, name, key, scope, settings, secret, active, created_at)
VALUES (%(id)s, %(kind)s, %(name)s, %(key)s, %(scope)s, %(settings)s, %(secret)s, %(active)s, %(now)s)
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, scope = excluded.scope, settings = excluded.settings, secret = excluded.secret,
    active = excluded.active, sign_in_since = NULL, paused_until = NULL, checked_at = NULL, trouble = NULL,
    trouble_since = NULL

-- name: note_health
UPDATE channels SET
    checked_at = %(now)s, trouble = %(trouble)s,
    trouble_since = CASE WHEN %(trouble)s::text IS NULL THEN NULL ELSE coalesce(trouble_since, %(now)s) END,
    sign_in_since = CASE WHEN %(sign_in)s THEN coalesce(sign_in_since, %(now)s) END
WHERE id = %(id)s

-- name: pause_account
UPDATE channels
SET paused_until = greatest(paused_until, %(now)s::timestamptz + %(pause_s)s * interval '1 second')
WHERE id = %(id)s

-- name: resting_accounts
SELECT id FROM channels
WHERE key IS NOT NULL AND (NOT active OR sign_in_since IS NOT NULL OR paused_until > %(now)s)

-- name: note_traffic
WITH counted AS (
    SELECT c.* FROM jsonb_to_recordset(%(counts)s::jsonb) AS c (
        id uuid, posts bigint, refused bigint, received bigint, sent bigint, failed bigint
    )
), proven AS (
    UPDATE channels SET verified_at = %(now)s
    FROM counted AS c
    WHERE channels.id = c.id AND c.posts > 0 AND channels.verified_at IS NULL
)
INSERT INTO channel_hours (
    channel_id, hour, posts, refused, received, sent, failed, last_in_at, last_out_at
)
SELECT
    c.id, date_bin('1 hour', %(now)s::timestamptz, 'epoch'), coalesce(c.posts, 0), coalesce(c.refused, 0),
    coalesce(c.received, 0), coalesce(c.sent, 0), coalesce(c.failed, 0),
    CASE WHEN c.received > 0 THEN %(now)s::timestamptz END, CASE WHEN c.sent > 0 THEN %(now)s::timestamptz END
FROM counted AS c
ORDER BY c.id
ON CONFLICT (channel_id, hour) DO UPDATE SET
    posts = channel_hours.posts + excluded.posts, refused = channel_hours.refused + excluded.refused,
    received = channel_hours.received + excluded.received, sent = channel_hours.sent + excluded.sent,
    failed = channel_hours.failed + excluded.failed,
    last_in_at = coalesce(excluded.last_in_at, channel_hours.last_in_at),
    last_out_at = coalesce(excluded.last_out_at, channel_hours.last_out_at)

-- name: channel_standings
-- How each account stands: the last day's hours, and when something came and went last.
SELECT
    c.id, c.kind, c.name, c.active, c.verified_at, c.sign_in_since, c.paused_until, c.checked_at, c.trouble,
    c.trouble_since, coalesce(day.posts, 0) AS posts, coalesce(day.refused, 0) AS refused,
    coalesce(day.received, 0) AS received, coalesce(day.sent, 0) AS sent, coalesce(day.failed, 0) AS failed,
    l.last_in_at, l.last_out_at
FROM channels AS c
LEFT JOIN LATERAL (
    SELECT
        sum(h.posts)::bigint AS posts, sum(h.refused)::bigint AS refused, sum(h.received)::bigint AS received,
        sum(h.sent)::bigint AS sent, sum(h.failed)::bigint AS failed
    FROM channel_hours AS h WHERE h.channel_id = c.id AND h.hour > %(now)s::timestamptz - interval '24 hours'
) AS day ON true
LEFT JOIN LATERAL (
    SELECT max(h.last_in_at) AS last_in_at, max(h.last_out_at) AS last_out_at
    FROM channel_hours AS h WHERE h.channel_id = c.id
) AS l ON true
WHERE c.key IS NOT NULL
ORDER BY c.created_at, c.id

-- name: note_gone_addresses
INSERT INTO channel_gone_addresses (channel_id, address, reason, at)
SELECT %(channel_id)s, g.address, g.reason, %(now)s
FROM jsonb_to_recordset(%(gone)s::jsonb) AS g (address text, reason text)
ORDER BY g.address
ON CONFLICT (channel_id, address) DO UPDATE SET reason = excluded.reason, at = excluded.at

-- name: note_reachable
DELETE FROM channel_gone_addresses WHERE channel_id = %(channel_id)s AND address = ANY(%(addresses)s)

-- name: take_unchecked
UPDATE channels SET checked_at = %(now)s
WHERE id IN (
    SELECT c.id FROM channels AS c
    WHERE c.key IS NOT NULL AND c.active AND (c.checked_at IS NULL OR c.checked_at < %(before)s)
    FOR UPDATE SKIP LOCKED
)
RETURNING id

-- name: unknown_messages
SELECT id, author, address, left(body, 120) AS subject, reason, tries, at, ended_at, conversation_id
FROM messages
WHERE state = 'unknown'
ORDER BY ended_at DESC, id
LIMIT %(limit)s
