CREATE TABLE channels (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    name text NOT NULL,
    settings jsonb NOT NULL DEFAULT '{}',
    secret bytea,
    account_id bigint REFERENCES capacity_accounts (id),
    created_at timestamptz NOT NULL,
    trouble text,
    trouble_since timestamptz
);
COMMENT ON COLUMN channels.secret IS 'provider credentials, encrypted';
COMMENT ON COLUMN channels.trouble IS 'why nothing can be sent at the moment; shown to staff until it is over';

-- The raw envelope as it came, before it is read.
CREATE TABLE channel_envelopes (
    id uuid PRIMARY KEY,
    channel_id uuid NOT NULL REFERENCES channels (id),
    received_at timestamptz NOT NULL,
    body bytea NOT NULL,
    error text
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
    state text NOT NULL CHECK (state IN ('received', 'queued', 'sending', 'sent', 'skipped', 'failed')),
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
CREATE INDEX messages_conversation ON messages (conversation_id, at) WHERE conversation_id IS NOT NULL;
CREATE INDEX messages_customer ON messages (customer_id, at);
CREATE INDEX messages_address ON messages (channel_id, address, at);
CREATE INDEX messages_outbox ON messages (channel_id, next_try_at) WHERE state IN ('queued', 'sending');
-- Replies go out before campaign mails, however many of those wait.
CREATE INDEX messages_outbox_first ON messages (channel_id, next_try_at)
WHERE state IN ('queued', 'sending') AND author <> 'campaign';
CREATE INDEX messages_failed ON messages (ended_at DESC, id) WHERE state = 'failed';

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
