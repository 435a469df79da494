-- One append-only table of what happened. Read only up to the line (see safar/journal/line.py).
CREATE TABLE journal_events (
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    name text NOT NULL,
    customer_id uuid,
    campaign_id uuid,
    staff_id uuid,
    subject_id uuid,
    properties jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
COMMENT ON COLUMN journal_events.subject_id IS 'what it is about: the order, the hold, the conversation';
CREATE INDEX journal_events_customer ON journal_events (customer_id, id) WHERE customer_id IS NOT NULL;
CREATE INDEX journal_events_campaign ON journal_events (campaign_id, id) WHERE campaign_id IS NOT NULL;
CREATE INDEX journal_events_staff ON journal_events (staff_id, id) WHERE staff_id IS NOT NULL;

-- Events dated outside the months made ahead (imports, a wrong clock) are kept here, never refused.
CREATE TABLE journal_events_other PARTITION OF journal_events DEFAULT;

-- Every id up to `position` is final: its transaction has committed or is gone.
CREATE TABLE journal_line (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    position bigint NOT NULL DEFAULT 0
);
INSERT INTO journal_line DEFAULT VALUES;

CREATE TABLE journal_subscribers (
    name text PRIMARY KEY,
    position bigint NOT NULL
);

-- An event that a subscriber could not take: shown to staff, who have it taken again or dismiss it.
CREATE TABLE journal_failures (
    subscriber text NOT NULL,
    event_id bigint NOT NULL,
    error text NOT NULL,
    failed_at timestamptz NOT NULL,
    tries bigint NOT NULL DEFAULT 1,
    asked_at timestamptz,
    PRIMARY KEY (subscriber, event_id)
);
COMMENT ON COLUMN journal_failures.asked_at IS 'when staff asked for another try; the reader takes it with its next step';
