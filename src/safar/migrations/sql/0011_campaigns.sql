CREATE TABLE campaigns (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    state text NOT NULL CHECK (state IN ('draft', 'sending', 'paused', 'sent', 'stopped')),
    reason text,
    variant_id uuid NOT NULL,
    location_id uuid REFERENCES stock_locations (id),
    units_offered bigint NOT NULL CHECK (units_offered > 0),
    reply_seconds integer NOT NULL CHECK (reply_seconds > 0),
    audience jsonb NOT NULL DEFAULT '{}',
    subject jsonb NOT NULL,
    body jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    paced_at timestamptz
);
COMMENT ON COLUMN campaigns.location_id IS 'the allocation that keeps the offered units for this campaign';
COMMENT ON COLUMN campaigns.subject IS 'Liquid template by language, "en" always present';

-- One logical send per (campaign, customer), for ever.
CREATE TABLE sends (
    campaign_id uuid NOT NULL REFERENCES campaigns (id),
    customer_id uuid NOT NULL REFERENCES customers (id),
    id uuid NOT NULL UNIQUE,
    state text NOT NULL CHECK (state IN ('planned', 'queued', 'sent', 'skipped', 'failed')),
    reason text,
    message_id uuid,
    planned_at timestamptz NOT NULL,
    ended_at timestamptz,
    clicked_at timestamptz,
    PRIMARY KEY (campaign_id, customer_id)
);
CREATE INDEX sends_planned ON sends (campaign_id, id) WHERE state = 'planned';

-- What a campaign promised one customer, and whether it was kept.
CREATE TABLE promises (
    id uuid PRIMARY KEY,
    campaign_id uuid NOT NULL REFERENCES campaigns (id),
    customer_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('reply', 'units')),
    state text NOT NULL CHECK (state IN ('made', 'kept', 'broken')),
    subject_id uuid NOT NULL,
    due_at timestamptz,
    made_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX promises_campaign ON promises (campaign_id, state);
CREATE INDEX promises_subject ON promises (subject_id) WHERE state = 'made';
