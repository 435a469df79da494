-- One running thread with a customer, across all channels.
CREATE TABLE conversations (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL UNIQUE REFERENCES customers (id),
    state text NOT NULL CHECK (state IN ('open', 'closed')),
    with_staff boolean NOT NULL DEFAULT false,
    handover_reason text,
    assigned_to uuid REFERENCES staff (id),
    campaign_id uuid,
    language text NOT NULL,
    last_channel_id uuid NOT NULL REFERENCES channels (id),
    last_address text NOT NULL,
    last_text text NOT NULL,
    last_author text NOT NULL,
    last_message_at timestamptz NOT NULL,
    waiting_since timestamptz,
    created_at timestamptz NOT NULL,
    closed_at timestamptz
);
COMMENT ON COLUMN conversations.with_staff IS 'handed over: the bot stays silent until it is closed';
COMMENT ON COLUMN conversations.waiting_since IS 'when the oldest unanswered message came in';
CREATE INDEX conversations_recent ON conversations (state, last_message_at DESC, id DESC);
CREATE INDEX conversations_waiting ON conversations (waiting_since) WHERE waiting_since IS NOT NULL;
-- Replies that staff owe, oldest first; and what each of them has open.
CREATE INDEX conversations_with_staff ON conversations (waiting_since, id)
WHERE waiting_since IS NOT NULL AND with_staff;
CREATE INDEX conversations_assigned ON conversations (assigned_to, last_message_at DESC, id DESC)
WHERE assigned_to IS NOT NULL;
CREATE INDEX conversations_quiet ON conversations (last_message_at)
WHERE state = 'open' AND NOT with_staff AND waiting_since IS NULL;
