CREATE TABLE campaigns (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    state text NOT NULL CHECK (state IN ('draft', 'scheduled', 'starting', 'sending', 'paused', 'sent', 'stopped')),
    reason text,
    variant_id uuid NOT NULL,
    location_id uuid REFERENCES stock_locations (id),
    units_offered bigint NOT NULL CHECK (units_offered > 0),
    reply_seconds bigint NOT NULL CHECK (reply_seconds > 0),
    offer_hours bigint NOT NULL CHECK (offer_hours > 0),
    audience jsonb NOT NULL DEFAULT '{}',
    subject jsonb NOT NULL,
    body jsonb NOT NULL,
    pace jsonb NOT NULL DEFAULT '{}',
    waits_for_answers boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    starts_at timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    paced_at timestamptz,
    offer_ends_at timestamptz,
    closed_at timestamptz,
    planning jsonb,
    winding_up text,
    CHECK ((state = 'starting') = (planning IS NOT NULL)),
    CHECK ((state = 'scheduled') = (starts_at IS NOT NULL))
);
COMMENT ON COLUMN campaigns.location_id IS 'the allocation that keeps the offered units for this campaign';
COMMENT ON COLUMN campaigns.subject IS 'Liquid template by language, "en" always present';
COMMENT ON COLUMN campaigns.pace IS 'the last decision of decide.pace, for the console';
COMMENT ON COLUMN campaigns.planning IS 'how far its audience is planned, while it is starting';
COMMENT ON COLUMN campaigns.winding_up IS 'why sends are still to be skipped, after the offer ended';
COMMENT ON COLUMN campaigns.starts_at IS 'when the worker starts it, while it is scheduled';
COMMENT ON COLUMN campaigns.waits_for_answers IS 'false: staff have the rest sent without a look at the first answers';
COMMENT ON COLUMN campaigns.ended_at IS 'when the sending ended';
COMMENT ON COLUMN campaigns.closed_at IS 'when the offer ended; unsold units go back from then on';
CREATE INDEX campaigns_created ON campaigns (created_at DESC, id);
CREATE INDEX campaigns_scheduled ON campaigns (starts_at) WHERE state = 'scheduled';
CREATE INDEX campaigns_sending ON campaigns (paced_at) WHERE state = 'sending';
CREATE INDEX campaigns_unfinished ON campaigns (started_at)
WHERE planning IS NOT NULL OR winding_up IS NOT NULL;
CREATE INDEX campaigns_offers ON campaigns (offer_ends_at) WHERE closed_at IS NULL;

-- One logical send per (campaign, customer), for ever. The id is also the id of its message.
CREATE TABLE sends (
    campaign_id uuid NOT NULL REFERENCES campaigns (id),
    customer_id uuid NOT NULL REFERENCES customers (id),
    id uuid NOT NULL UNIQUE,
    state text NOT NULL CHECK (state IN ('planned', 'queued', 'sent', 'skipped', 'failed')),
    reason text,
    planned_at timestamptz NOT NULL,
    queued_at timestamptz,
    ended_at timestamptz,
    clicked_at timestamptz,
    ordered_at timestamptz,
    unsubscribed_at timestamptz,
    units bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (campaign_id, customer_id)
);
COMMENT ON COLUMN sends.units IS 'offered units in this customer''s first order of the campaign';
CREATE INDEX sends_planned ON sends (campaign_id, id) WHERE state = 'planned';
CREATE INDEX sends_out ON sends (campaign_id) WHERE state IN ('queued', 'sent');
-- What of the channel's quota is used: mails on their way, and those sent within the window.
CREATE INDEX sends_on_their_way ON sends (id) WHERE state = 'queued';
CREATE INDEX sends_recent ON sends (ended_at) WHERE state IN ('sent', 'failed');

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
    ended_at timestamptz,
    CHECK ((state = 'made') = (ended_at IS NULL))
);
CREATE INDEX promises_campaign ON promises (campaign_id, state);
CREATE INDEX promises_subject ON promises (subject_id) WHERE state = 'made';
CREATE INDEX promises_due ON promises (due_at) WHERE state = 'made';
