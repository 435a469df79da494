CREATE TABLE channels (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    name text NOT NULL,
    settings jsonb NOT NULL DEFAULT '{}',
    secret bytea,
    account_id bigint REFERENCES capacity_accounts (id),
    created_at timestamptz NOT NULL,
    trouble text,
    trouble_since timestamptz,
    -- Several accounts of one kind, each with an address of its own that its provider posts to.
    key text UNIQUE,
    scope text NOT NULL DEFAULT '',
    active boolean NOT NULL DEFAULT true,
    verified_at timestamptz,
    sign_in_since timestamptz,
    paused_until timestamptz,
    checked_at timestamptz
);
COMMENT ON COLUMN channels.key IS 'the last part of the address that the provider posts to';
COMMENT ON COLUMN channels.scope IS 'within what the provider''s ids of people are the same; empty: the world';
COMMENT ON COLUMN channels.verified_at IS 'when a post with the provider''s proof came first; null: never';
COMMENT ON COLUMN channels.sign_in_since IS 'its token is dead: nothing leaves, everything is still taken in';
COMMENT ON COLUMN channels.paused_until IS 'the provider asked for a pause';
COMMENT ON COLUMN channels.checked_at IS 'when the provider was asked last how the account stands';
COMMENT ON COLUMN channels.secret IS 'provider credentials, encrypted';
COMMENT ON COLUMN channels.trouble IS 'why nothing can be sent at the moment; shown to staff until it is over';

-- What went through each channel, hour by hour: written by who has counted, one row an hour and process.
CREATE TABLE channel_hours (
    channel_id uuid NOT NULL REFERENCES channels (id),
    hour timestamptz NOT NULL,
    posts bigint NOT NULL DEFAULT 0,
    refused bigint NOT NULL DEFAULT 0,
    received bigint NOT NULL DEFAULT 0,
    sent bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    last_in_at timestamptz,
    last_out_at timestamptz,
    PRIMARY KEY (channel_id, hour)
);

-- News about the account itself: templates, quality, bans.
CREATE TABLE channel_news (
    id uuid PRIMARY KEY,
    channel_id uuid NOT NULL REFERENCES channels (id),
    what text NOT NULL,
    detail text NOT NULL,
    bad boolean NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX channel_news_recent ON channel_news (channel_id, at DESC);

-- The raw envelope as it came, before it is read.
CREATE TABLE channel_envelopes (
    id uuid PRIMARY KEY,
    channel_id uuid NOT NULL REFERENCES channels (id),
    received_at timestamptz NOT NULL,
    body bytea NOT NULL,
    error text,
    content_type text NOT NULL DEFAULT ''
);
CREATE INDEX channel_envelopes_received ON channel_envelopes (received_at);
CREATE INDEX channel_envelopes_error ON channel_envelopes (received_at) WHERE error IS NOT NULL;

-- Addresses of which the receiving side said that they do not exist. Who writes from one again has it back.
CREATE TABLE channel_gone_addresses (
    channel_id uuid NOT NULL REFERENCES channels (id),
    address text NOT NULL,
    reason text,
    at timestamptz NOT NULL,
    PRIMARY KEY (channel_id, address)
);

-- One utterance on one channel. Outgoing rows are the outbox: written by the transaction that decided to send.
CREATE TABLE messages (
    id uuid PRIMARY KEY,
    channel_id uuid NOT NULL REFERENCES channels (id),
    direction text NOT NULL CHECK (direction IN ('in', 'out')),
    author text NOT NULL CHECK (author IN ('customer', 'staff', 'bot', 'campaign', 'shop')),
    customer_id uuid REFERENCES customers (id),
    conversation_id uuid,
    campaign_id uuid,
    staff_id uuid,
    external_id text,
    address text NOT NULL,
    subject text,
    body text NOT NULL,
    language text NOT NULL,
    state text NOT NULL CHECK (state IN ('received', 'queued', 'sending', 'sent', 'skipped', 'failed', 'unknown')),
    reason text,
    tries bigint NOT NULL DEFAULT 0,
    at timestamptz NOT NULL,
    next_try_at timestamptz NOT NULL,
    ended_at timestamptz,
    waiting_since timestamptz,
    in_reply_to text,
    unsubscribe_url text,
    automatic boolean NOT NULL DEFAULT false,
    verified boolean NOT NULL DEFAULT true,
    for_people boolean NOT NULL DEFAULT false,
    folded text NOT NULL DEFAULT '',
    envelope_id uuid,
    letter jsonb,
    delivery text CHECK (delivery IN ('delivered', 'read')),
    code text,
    answers text,
    pressed text,
    template jsonb,
    reactions jsonb NOT NULL DEFAULT '{}',
    edited_at timestamptz,
    deleted_at timestamptz,
    UNIQUE (channel_id, external_id),
    -- A mail to staff has no customer.
    CONSTRAINT messages_of_customers CHECK (customer_id IS NOT NULL OR author = 'shop')
);
COMMENT ON COLUMN messages.next_try_at IS 'due from then on; while sending: when to take it for abandoned';
COMMENT ON COLUMN messages.waiting_since IS 'when the question came in that this answers';
COMMENT ON COLUMN messages.verified IS 'false: nothing shows that it came from its address';
COMMENT ON COLUMN messages.automatic IS 'written by a machine (auto-reply): nobody waits for an answer';
COMMENT ON COLUMN messages.for_people IS 'somebody waits, but no machine may answer: it came through a list';
COMMENT ON COLUMN messages.folded IS 'what a mail quotes, and its signature: shown when asked for';
COMMENT ON COLUMN messages.envelope_id IS 'the mail as it came, in channel_envelopes for as long as it is kept';
COMMENT ON COLUMN messages.letter IS 'a mail part by part, of which its page is made; body says the same as text';
COMMENT ON COLUMN messages.external_id IS 'the provider''s name of it: in and out, unique within the channel';
COMMENT ON COLUMN messages.delivery IS 'what the provider told of a sent one since';
COMMENT ON COLUMN messages.code IS 'the provider''s code for why it was not sent';
COMMENT ON COLUMN messages.answers IS 'the external id of the message that it replies to';
COMMENT ON COLUMN messages.template IS 'which approved message it is: name, language, variables';
COMMENT ON COLUMN messages.reactions IS 'by whom, which sign';
CREATE INDEX messages_conversation ON messages (conversation_id, at) WHERE conversation_id IS NOT NULL;
CREATE INDEX messages_customer ON messages (customer_id, at);
CREATE INDEX messages_address ON messages (channel_id, address, at);
CREATE INDEX messages_outbox ON messages (channel_id, next_try_at) WHERE state IN ('queued', 'sending');
-- Replies go out before campaign mails, however many of those wait.
CREATE INDEX messages_outbox_first ON messages (channel_id, next_try_at)
WHERE state IN ('queued', 'sending') AND author <> 'campaign';
CREATE INDEX messages_failed ON messages (ended_at DESC, id) WHERE state = 'failed';
-- What nobody can tell the end of.
CREATE INDEX messages_unknown ON messages (ended_at, id) WHERE state = 'unknown';

-- What staff say instead of the built-in words of a kind of mail; empty: the built-in ones.
CREATE TABLE mail_texts (
    kind text NOT NULL,
    language text NOT NULL,
    subject text NOT NULL DEFAULT '',
    intro text NOT NULL DEFAULT '',
    closing text NOT NULL DEFAULT '',
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (kind, language)
);

-- Those that do not exist, as far as we know: a mail from one proves the opposite.
CREATE VIEW gone_addresses AS
SELECT g.channel_id, g.address, g.reason, g.at FROM channel_gone_addresses AS g
WHERE NOT EXISTS (
    SELECT FROM messages AS m
    WHERE m.channel_id = g.channel_id AND m.address = g.address AND m.direction = 'in' AND m.at > g.at
);

-- Everything that a provider tells of a message, which may come before the message. A set: what it says together is
-- decided by channels.decide, whatever the order.
CREATE TABLE message_notices (
    channel_id uuid NOT NULL REFERENCES channels (id),
    external_id text NOT NULL,
    what text NOT NULL,
    key text NOT NULL DEFAULT '',
    at timestamptz NOT NULL,
    code text,
    verdict text,
    text text NOT NULL DEFAULT '',
    message_id uuid,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (channel_id, external_id, what, key)
);
COMMENT ON COLUMN message_notices.message_id IS 'the message, once it is known';
CREATE INDEX message_notices_message ON message_notices (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX message_notices_received ON message_notices (received_at) WHERE message_id IS NULL;

-- What is in a message besides its text.
CREATE TABLE message_parts (
    id uuid PRIMARY KEY,
    message_id uuid NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    channel_id uuid NOT NULL REFERENCES channels (id),
    position bigint NOT NULL,
    kind text NOT NULL,
    source text NOT NULL DEFAULT '',
    mime text NOT NULL DEFAULT '',
    name text NOT NULL DEFAULT '',
    bytes bigint,
    sha256 text NOT NULL DEFAULT '',
    data jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL CHECK (state IN ('waiting', 'stored', 'none', 'failed', 'too_large')),
    reason text,
    tries bigint NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL
);
COMMENT ON COLUMN message_parts.state IS 'none: it has no bytes (a place, a contact card)';
CREATE INDEX message_parts_message ON message_parts (message_id, position);
CREATE INDEX message_parts_waiting ON message_parts (next_try_at) WHERE state = 'waiting';
CREATE TABLE message_files (
    part_id uuid PRIMARY KEY REFERENCES message_parts (id) ON DELETE CASCADE,
    content bytea NOT NULL
);
ALTER TABLE message_files ALTER COLUMN content SET STORAGE EXTERNAL;

-- Every attempt to send, for staff to read.
CREATE TABLE message_attempts (
    message_id uuid NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    number bigint NOT NULL,
    at timestamptz NOT NULL,
    verdict text NOT NULL,
    code text,
    reason text,
    PRIMARY KEY (message_id, number)
);
