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
    closed_at timestamptz,
    priority text NOT NULL DEFAULT 'normal' CHECK (priority IN ('urgent', 'high', 'normal', 'low')),
    snoozed boolean NOT NULL DEFAULT false,
    snoozed_until timestamptz,
    spam boolean NOT NULL DEFAULT false,
    hold_id uuid,
    CONSTRAINT conversations_snooze CHECK (snoozed OR snoozed_until IS NULL),
    CONSTRAINT conversations_spam CHECK (NOT spam OR state = 'closed'),
    CONSTRAINT conversations_held CHECK ((assigned_to IS NULL) = (hold_id IS NULL)),
    CONSTRAINT conversations_open_held CHECK (assigned_to IS NULL OR state = 'open')
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

-- Teams answer what comes in; the first one that a conversation fits takes it. Without a team nothing is handed out.
CREATE TABLE teams (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    position bigint NOT NULL,
    lead_id uuid REFERENCES staff (id),
    rule text NOT NULL CHECK (rule IN ('most_free', 'in_turn')),
    sticky boolean NOT NULL,
    languages text [] NOT NULL,
    skills text [] NOT NULL,
    opening_hours text NOT NULL,
    holidays text NOT NULL,
    zone text NOT NULL
);
COMMENT ON COLUMN teams.languages IS 'conversations in these languages; none: in all';
COMMENT ON COLUMN teams.skills IS 'what its agents have to be able to do';
COMMENT ON COLUMN teams.opening_hours IS 'empty: those of the shop, as with holidays and zone';

CREATE TABLE team_members (
    team_id uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    staff_id uuid NOT NULL REFERENCES staff (id),
    PRIMARY KEY (team_id, staff_id)
);

-- Who answers: how much at once, in which languages, and whether they are there.
CREATE TABLE agents (
    staff_id uuid PRIMARY KEY REFERENCES staff (id),
    chats_max bigint NOT NULL CHECK (chats_max BETWEEN 0 AND 1000),
    languages text [] NOT NULL,
    skills text [] NOT NULL,
    away boolean NOT NULL,
    seen_at timestamptz,
    given_at timestamptz
);
COMMENT ON COLUMN agents.seen_at IS 'when a page of theirs was last live';
COMMENT ON COLUMN agents.given_at IS 'when they were last given a conversation: whose turn it is';

COMMENT ON COLUMN conversations.snoozed IS 'out of sight until snoozed_until, or until the customer writes';
COMMENT ON COLUMN conversations.spam IS 'stays closed whatever comes, and no bot reads it';
COMMENT ON COLUMN conversations.hold_id IS 'the unit of the agent''s account in the ledger that it takes';
CREATE INDEX conversations_snoozed ON conversations (snoozed_until) WHERE snoozed;
CREATE INDEX conversations_urgent ON conversations (priority, last_message_at DESC, id DESC)
WHERE state = 'open' AND priority IN ('urgent', 'high');
CREATE INDEX conversations_unassigned ON conversations (last_message_at DESC, id DESC)
WHERE state = 'open' AND assigned_to IS NULL AND NOT snoozed;
CREATE INDEX conversations_spam_recent ON conversations (last_message_at DESC, id DESC) WHERE spam;

CREATE TABLE labels (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    tone text NOT NULL CHECK (tone IN ('good', 'warn', 'bad', 'info', 'calm', 'brand'))
);

CREATE TABLE conversation_labels (
    conversation_id uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    label_id uuid NOT NULL REFERENCES labels (id) ON DELETE CASCADE,
    PRIMARY KEY (conversation_id, label_id)
);
CREATE INDEX conversation_labels_label ON conversation_labels (label_id);

-- What staff tell each other beside a conversation. A table of its own: nothing that sends reads it.
CREATE TABLE conversation_notes (
    id uuid PRIMARY KEY,
    conversation_id uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    staff_id uuid NOT NULL REFERENCES staff (id),
    text text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX conversation_notes_of ON conversation_notes (conversation_id, at);
CREATE TABLE note_mentions (
    note_id uuid NOT NULL REFERENCES conversation_notes (id) ON DELETE CASCADE,
    staff_id uuid NOT NULL REFERENCES staff (id),
    conversation_id uuid NOT NULL,
    seen_at timestamptz,
    PRIMARY KEY (note_id, staff_id)
);
CREATE INDEX note_mentions_unseen ON note_mentions (staff_id, conversation_id) WHERE seen_at IS NULL;

-- What somebody has typed and not sent yet; one a person and conversation.
CREATE TABLE conversation_drafts (
    conversation_id uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    staff_id uuid NOT NULL REFERENCES staff (id),
    text text NOT NULL,
    send_to text NOT NULL DEFAULT '',
    kept_at timestamptz NOT NULL,
    PRIMARY KEY (conversation_id, staff_id)
);

-- Answers that are said often, by language.
CREATE TABLE saved_replies (
    id uuid PRIMARY KEY,
    shortcut text NOT NULL UNIQUE,
    changed_at timestamptz NOT NULL
);
CREATE TABLE saved_reply_words (
    reply_id uuid NOT NULL REFERENCES saved_replies (id) ON DELETE CASCADE,
    language text NOT NULL,
    text text NOT NULL,
    PRIMARY KEY (reply_id, language)
);
