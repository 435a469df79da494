-- owns: agents, conversation_drafts, conversation_labels, conversation_notes, conversations, labels, note_mentions, saved_replies, saved_reply_words, team_members, teams

-- name: lock_customers
-- Two first messages at once wait for each other here, so they make one conversation.
SELECT id FROM customers WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE

-- fragment: conversation
id, customer_id, state, with_staff, handover_reason, assigned_to, campaign_id, language, last_channel_id,
last_address, last_text, last_author, last_message_at, waiting_since, created_at, closed_at, priority, snoozed,
snoozed_until, spam, hold_id

-- name: lock_conversations_of
SELECT {conversation} FROM conversations
WHERE customer_id = ANY(%(ids)s)
ORDER BY id
FOR UPDATE

-- name: lock_conversations
SELECT {conversation} FROM conversations
WHERE id = ANY(%(ids)s)
ORDER BY id
FOR UPDATE

-- name: conversation
SELECT {conversation} FROM conversations
WHERE id = %(id)s

-- name: known_messages
SELECT m.id, m.conversation_id, m.channel_id, m.external_id, m.body, m.at
FROM jsonb_to_recordset(%(keys)s::jsonb) AS k (channel_id uuid, external_id text)
INNER JOIN messages AS m ON m.channel_id = k.channel_id AND m.external_id = k.external_id

-- name: save_conversations
INSERT INTO conversations (
    id, customer_id, state, with_staff, handover_reason, assigned_to, campaign_id, language, last_channel_id,
    last_address, last_text, last_author, last_message_at, waiting_since, created_at, closed_at, priority, snoozed,
    snoozed_until, spam, hold_id
)
SELECT
    c.id, c.customer_id, c.state, c.with_staff, c.handover_reason, c.assigned_to, c.campaign_id, c.language,
    c.last_channel_id, c.last_address, c.last_text, c.last_author, c.last_message_at, c.waiting_since,
    c.created_at, c.closed_at, c.priority, c.snoozed, c.snoozed_until, c.spam, c.hold_id
FROM jsonb_to_recordset(%(conversations)s::jsonb) AS c (
    id uuid, customer_id uuid, state text, with_staff boolean, handover_reason text, assigned_to uuid,
    campaign_id uuid, language text, last_channel_id uuid, last_address text, last_text text,
    last_author text, last_message_at timestamptz, waiting_since timestamptz, created_at timestamptz,
    closed_at timestamptz, priority text, snoozed boolean, snoozed_until timestamptz, spam boolean, hold_id uuid
)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state, with_staff = excluded.with_staff, handover_reason = excluded.handover_reason,
    assigned_to = excluded.assigned_to, campaign_id = excluded.campaign_id, language = excluded.language,
    last_channel_id = excluded.last_channel_id, last_address = excluded.last_address,
    last_text = excluded.last_text, last_author = excluded.last_author,
    last_message_at = excluded.last_message_at, waiting_since = excluded.waiting_since,
    closed_at = excluded.closed_at, priority = excluded.priority, snoozed = excluded.snoozed,
    snoozed_until = excluded.snoozed_until, spam = excluded.spam, hold_id = excluded.hold_id

-- name: ways
-- Everybody who has written in each conversation: their newest message, and whether the address is the
-- customer's own. A browser is; an e-mail address is when it was proven, or said, by this customer.
SELECT
    w.*,
    w.channel_id <> %(email)s OR EXISTS (
        SELECT 1 FROM conversations AS c INNER JOIN customers AS u ON u.id = c.customer_id
        INNER JOIN customer_identities AS i
            ON i.kind = 'email' AND i.value = w.address AND i.customer_id IN (u.id, u.merged_into)
        WHERE c.id = w.conversation_id
    ) OR EXISTS (
        SELECT 1 FROM conversations AS c INNER JOIN customer_claims AS l
            ON l.customer_id = c.customer_id AND l.kind = 'email' AND l.value = w.address
        WHERE c.id = w.conversation_id
    ) AS own
FROM (
    SELECT DISTINCT ON (m.conversation_id, m.channel_id, m.address)
        m.conversation_id, m.channel_id, m.address, m.subject, m.external_id, m.at
    FROM messages AS m
    WHERE m.conversation_id = ANY(%(ids)s) AND m.direction = 'in'
    ORDER BY m.conversation_id, m.channel_id, m.address, m.at DESC
) AS w

-- name: existing_messages
SELECT id FROM messages WHERE id = ANY(%(ids)s)

-- name: newest_staff_reply
-- The newest reply by somebody else since a writer looked.
SELECT s.name
FROM messages AS m
INNER JOIN staff AS s ON m.staff_id = s.id
WHERE m.conversation_id = %(conversation_id)s AND m.author = 'staff' AND m.staff_id <> %(staff_id)s
    AND m.at > %(seen_at)s
ORDER BY m.at DESC
LIMIT 1

-- name: sent_messages
-- Customers, campaigns and conversations of our own messages: what a mail that refers to them is about.
SELECT m.id, m.customer_id, m.conversation_id, m.campaign_id, m.address, m.language
FROM messages AS m
WHERE m.id = ANY(%(ids)s) AND m.direction = 'out'

-- name: address_owners
-- Who already has these e-mail addresses; or the address's own customer, who has written from it before.
SELECT k.value, coalesce(i.customer_id, c.id) AS customer_id
FROM jsonb_to_recordset(%(addresses)s::jsonb) AS k (value text, own_id uuid)
LEFT JOIN customer_identities AS i ON i.kind = 'email' AND i.value = k.value
LEFT JOIN customers AS c ON c.id = k.own_id
WHERE coalesce(i.customer_id, c.id) IS NOT NULL

-- name: undelivered
SELECT id, conversation_id, waiting_since FROM messages
WHERE id = ANY(%(ids)s) AND state = 'failed' AND author IN ('bot', 'staff') AND conversation_id IS NOT NULL

-- name: quiet
-- Answered by the bot and silent since: closed by themselves, so that the list shows what is alive.
SELECT id FROM conversations
WHERE
    state = 'open' AND NOT with_staff AND waiting_since IS NULL AND last_message_at < %(before)s
    AND NOT EXISTS (
        SELECT FROM setbacks AS s
        WHERE s.queue = 'inbox.quiet' AND s.item = conversations.id::text AND s.next_try_at > %(now)s
    )
ORDER BY last_message_at
LIMIT %(limit)s

-- name: thread
SELECT
    m.id, m.channel_id, m.author, s.name AS staff_name, m.address, m.subject, m.body, m.language, m.state,
    m.reason, m.external_id, m.automatic, m.verified,
    m.direction = 'out' OR m.channel_id <> %(email)s OR EXISTS (
        SELECT 1 FROM conversations AS c INNER JOIN customers AS u ON u.id = c.customer_id
        INNER JOIN customer_identities AS i
            ON i.kind = 'email' AND i.value = m.address AND i.customer_id IN (u.id, u.merged_into)
        WHERE c.id = m.conversation_id
    ) OR EXISTS (
        SELECT 1 FROM conversations AS c INNER JOIN customer_claims AS l
            ON l.customer_id = c.customer_id AND l.kind = 'email' AND l.value = m.address
        WHERE c.id = m.conversation_id
    ) AS own, m.folded, e.id AS envelope_id, m.at, m.delivery, m.reactions, m.edited_at, m.deleted_at
FROM messages AS m
LEFT JOIN staff AS s ON m.staff_id = s.id
LEFT JOIN channel_envelopes AS e ON m.envelope_id = e.id
WHERE m.conversation_id = %(conversation_id)s AND (%(before)s::timestamptz IS NULL OR m.at < %(before)s)
ORDER BY m.at DESC, m.id DESC
LIMIT %(limit)s

-- name: web_messages
-- What one visitor wrote and was told on the web; nothing of the same customer's other browsers and channels.
SELECT
    m.id, m.channel_id, m.author, s.name AS staff_name, m.address, m.subject, m.body, m.language, m.state,
    m.reason, m.external_id, m.automatic, m.verified, true AS own, '' AS folded,
    NULL::uuid AS envelope_id, m.at
FROM messages AS m
LEFT JOIN staff AS s ON m.staff_id = s.id
WHERE m.channel_id = %(channel_id)s AND m.address = %(address)s
    AND (%(ids)s::uuid [] IS NULL OR m.id = ANY(%(ids)s))
ORDER BY m.at DESC, m.id DESC
LIMIT %(limit)s

-- fragment: listed
c.id, c.customer_id, u.name AS customer_name, e.value AS email, c.state, c.with_staff, c.handover_reason,
c.assigned_to, s.name AS assigned_name, c.language, c.last_channel_id, c.last_text, c.last_author,
c.last_message_at, c.waiting_since, c.priority, c.snoozed, c.snoozed_until, (
    SELECT coalesce(jsonb_agg(jsonb_build_object('name', b.name, 'tone', b.tone) ORDER BY b.name), '[]')
    FROM conversation_labels AS d INNER JOIN labels AS b ON b.id = d.label_id
    WHERE d.conversation_id = c.id
) AS labels

-- fragment: chosen
(%(priority)s::text IS NULL OR c.priority = %(priority)s)
    AND (%(label_id)s::uuid IS NULL OR EXISTS (
        SELECT FROM conversation_labels AS d WHERE d.conversation_id = c.id AND d.label_id = %(label_id)s
    ))

-- name: list
-- One page of a folder, newest first; `before_at` and `before_id` are the last line of the page before.
SELECT {listed} FROM conversations AS c
INNER JOIN customers AS u ON c.customer_id = u.id
LEFT JOIN staff AS s ON c.assigned_to = s.id
LEFT JOIN LATERAL (
    (
        SELECT i.value FROM customer_identities AS i
        WHERE i.customer_id = c.customer_id AND i.kind = 'email'
        ORDER BY i.created_at LIMIT 1
    )
    UNION ALL
    (
        SELECT l.value FROM customer_claims AS l
        WHERE l.customer_id = c.customer_id AND l.kind = 'email'
        ORDER BY l.claimed_at DESC LIMIT 1
    )
    LIMIT 1
) AS e ON true
WHERE c.state = %(state)s
    AND (%(assigned_to)s::uuid IS NULL OR c.assigned_to = %(assigned_to)s)
    AND (NOT %(unassigned)s OR c.assigned_to IS NULL)
    AND c.snoozed = %(snoozed)s AND c.spam = %(spam)s AND {chosen}
    AND (%(search)s::text IS NULL OR u.search LIKE %(search)s)
    AND (
        %(key_at)s::timestamptz IS NULL
        OR (c.last_message_at, c.id) < (%(key_at)s::timestamptz, %(key_id)s::uuid)
    )
ORDER BY c.last_message_at DESC, c.id DESC
LIMIT %(limit)s

-- name: list_waiting
-- The folder of replies that staff owe: who waits longest comes first.
SELECT {listed} FROM conversations AS c
INNER JOIN customers AS u ON c.customer_id = u.id
LEFT JOIN staff AS s ON c.assigned_to = s.id
LEFT JOIN LATERAL (
    (
        SELECT i.value FROM customer_identities AS i
        WHERE i.customer_id = c.customer_id AND i.kind = 'email'
        ORDER BY i.created_at LIMIT 1
    )
    UNION ALL
    (
        SELECT l.value FROM customer_claims AS l
        WHERE l.customer_id = c.customer_id AND l.kind = 'email'
        ORDER BY l.claimed_at DESC LIMIT 1
    )
    LIMIT 1
) AS e ON true
WHERE c.state = 'open' AND c.with_staff AND c.waiting_since IS NOT NULL AND NOT c.snoozed AND {chosen}
    AND (%(search)s::text IS NULL OR u.search LIKE %(search)s)
    AND (
        %(key_at)s::timestamptz IS NULL
        OR (c.waiting_since, c.id) > (%(key_at)s::timestamptz, %(key_id)s::uuid)
    )
ORDER BY c.waiting_since, c.id
LIMIT %(limit)s

-- name: folder_counts
-- How many stand in each folder, counted up to a limit: a badge says no more than "999+".
SELECT
    (SELECT count(*) FROM (
        SELECT FROM conversations WHERE state = 'open' AND NOT snoozed LIMIT %(most)s
    ) AS o) AS open,
    (SELECT count(*) FROM (
        SELECT FROM conversations WHERE state = 'open' AND assigned_to IS NULL AND NOT snoozed LIMIT %(most)s
    ) AS u) AS unassigned,
    (SELECT count(*) FROM (
        SELECT FROM conversations
        WHERE state = 'open' AND with_staff AND waiting_since IS NOT NULL AND NOT snoozed LIMIT %(most)s
    ) AS w) AS waiting,
    (SELECT count(*) FROM (SELECT FROM conversations WHERE snoozed LIMIT %(most)s) AS s) AS snoozed,
    (SELECT count(*) FROM (SELECT FROM conversations WHERE spam LIMIT %(most)s) AS x) AS spam,
    (SELECT count(*) FROM (
        SELECT FROM conversations WHERE state = 'open' AND priority = 'urgent' LIMIT %(most)s
    ) AS g) AS urgent,
    (SELECT count(*) FROM (
        SELECT FROM conversations WHERE state = 'open' AND priority = 'high' LIMIT %(most)s
    ) AS h) AS high

-- name: counted_labels
SELECT b.id, b.name, b.tone, (
    SELECT count(*) FROM (
        SELECT FROM conversation_labels AS d INNER JOIN conversations AS c ON c.id = d.conversation_id
        WHERE d.label_id = b.id AND c.state = 'open' LIMIT %(most)s
    ) AS n
) AS count
FROM labels AS b ORDER BY b.name LIMIT 100

-- name: due_snoozes
SELECT id FROM conversations WHERE snoozed AND snoozed_until <= %(now)s ORDER BY snoozed_until LIMIT %(limit)s

-- name: labels
SELECT id, name, tone FROM labels ORDER BY name LIMIT 100

-- name: labels_of
SELECT label_id FROM conversation_labels WHERE conversation_id = %(id)s

-- name: add_label
INSERT INTO labels (id, name, tone) VALUES (%(id)s, %(name)s, %(tone)s) ON CONFLICT DO NOTHING

-- name: drop_label
DELETE FROM labels WHERE id = %(id)s

-- name: put_labels
INSERT INTO conversation_labels (conversation_id, label_id)
SELECT p.conversation_id, p.label_id
FROM jsonb_to_recordset(%(pairs)s::jsonb) AS p (conversation_id uuid, label_id uuid)
INNER JOIN labels AS b ON b.id = p.label_id
ON CONFLICT DO NOTHING
RETURNING conversation_id

-- name: take_labels
DELETE FROM conversation_labels AS d
USING jsonb_to_recordset(%(pairs)s::jsonb) AS p (conversation_id uuid, label_id uuid)
WHERE d.conversation_id = p.conversation_id AND d.label_id = p.label_id
RETURNING d.conversation_id

-- name: colleagues
SELECT id, name FROM staff WHERE disabled_at IS NULL ORDER BY name, id LIMIT 200

-- name: own_messages
-- Which of what a provider repeats of our side is ours: by our id in it, by its id, or, while its answer has not
-- come, by the same words to the same address.
SELECT DISTINCT ON (e.channel_id, e.external_id) e.channel_id, e.external_id, m.id
FROM jsonb_to_recordset(%(echoes)s::jsonb) AS e (
    channel_id uuid, external_id text, our_id uuid, address text, body text
)
CROSS JOIN LATERAL (
    SELECT o.id FROM messages AS o
    WHERE o.channel_id = e.channel_id AND o.direction = 'out' AND (o.id = e.our_id OR o.external_id = e.external_id)
    UNION ALL
    SELECT o.id FROM messages AS o
    WHERE o.channel_id = e.channel_id AND o.address = e.address AND o.direction = 'out'
        AND o.external_id IS NULL AND o.state IN ('sending', 'unknown') AND o.body = e.body
) AS m
ORDER BY e.channel_id, e.external_id, m.id

-- name: kept_post
SELECT e.channel_id, e.body, e.content_type
FROM channel_envelopes AS e INNER JOIN channels AS c ON c.id = e.channel_id
WHERE e.id = %(id)s AND c.key IS NOT NULL
FOR UPDATE OF e

-- name: agents
SELECT staff_id, chats_max, languages, skills, away, seen_at, given_at FROM agents WHERE staff_id = ANY(%(ids)s)

-- name: set_agent
INSERT INTO agents (staff_id, chats_max, languages, skills, away)
VALUES (%(staff_id)s, %(chats_max)s, %(languages)s, %(skills)s, false)
ON CONFLICT (staff_id) DO UPDATE SET
    chats_max = excluded.chats_max, languages = excluded.languages, skills = excluded.skills

-- name: let_go
UPDATE conversations SET assigned_to = NULL, hold_id = NULL, snoozed = false, snoozed_until = NULL
WHERE customer_id = ANY(%(ids)s)
