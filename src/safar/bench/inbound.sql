-- name: channel
INSERT INTO channels (id, kind, name, created_at) VALUES (%(id)s, 'bare', 'Bare', now()) ON CONFLICT (id) DO NOTHING

-- name: rows
-- All rows of posts in one statement: what the product writes for each.
WITH p AS MATERIALIZED (
    SELECT DISTINCT ON (r.envelope_id) r.* FROM jsonb_to_recordset(%(posts)s::jsonb) AS r (
        envelope_id uuid, channel_id uuid, body text, message_id uuid, customer_id uuid, conversation_id uuid,
        identity_id uuid, sender text, external_id text, text text, name text, at timestamptz, status_id text,
        what text
    )
), envelopes AS (
    INSERT INTO channel_envelopes (id, channel_id, received_at, body, content_type)
    SELECT p.envelope_id, p.channel_id, now(), decode(p.body, 'base64'), 'application/json' FROM p
    ON CONFLICT (id) DO NOTHING
    RETURNING id
), fresh AS (
    SELECT p.* FROM p INNER JOIN envelopes AS e ON e.id = p.envelope_id
), writers AS (
    SELECT DISTINCT ON (customer_id) * FROM fresh WHERE message_id IS NOT NULL ORDER BY customer_id, at DESC
), people AS (
    INSERT INTO customers (id, name, language, created_at, search)
    SELECT customer_id, name, 'en', now(), lower(name) FROM writers
    ON CONFLICT (id) DO NOTHING
), identities AS (
    INSERT INTO customer_identities (id, customer_id, kind, value, scope, created_at)
    SELECT identity_id, customer_id, 'phone', '+' || sender, 'bare', now() FROM writers
    ON CONFLICT (kind, value, scope) DO NOTHING
), talks AS (
    INSERT INTO conversations (
        id, customer_id, state, language, last_channel_id, last_address, last_text, last_author,
        last_message_at, waiting_since, created_at
    )
    SELECT
        conversation_id, customer_id, 'open', 'en', channel_id, sender, text, 'customer', at, at, now()
    FROM writers
    ON CONFLICT (id) DO UPDATE SET
        last_text = excluded.last_text, last_message_at = excluded.last_message_at,
        waiting_since = coalesce(conversations.waiting_since, excluded.waiting_since)
), messages_ AS (
    INSERT INTO messages (
        id, channel_id, direction, author, customer_id, conversation_id, external_id, address, body, language,
        state, at, next_try_at, ended_at, envelope_id
    )
    SELECT
        message_id, channel_id, 'in', 'customer', customer_id, conversation_id, external_id, sender, text, 'en',
        'received', at, at, at, envelope_id
    FROM fresh WHERE message_id IS NOT NULL
    ON CONFLICT (channel_id, external_id) DO NOTHING
    RETURNING id, customer_id, conversation_id
), notices AS (
    INSERT INTO message_notices (channel_id, external_id, what, at, received_at)
    SELECT channel_id, status_id, what, now(), now() FROM fresh WHERE status_id IS NOT NULL
    ON CONFLICT (channel_id, external_id, what, key) DO NOTHING
)
INSERT INTO journal_events (at, name, customer_id, subject_id, properties)
SELECT now(), 'message.received', m.customer_id, m.conversation_id, jsonb_build_object('message_id', m.id)
FROM messages_ AS m
