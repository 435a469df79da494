-- Two counters a site: numbers handed out, and the highest number called in.
CREATE TABLE gate_sites (
    id uuid PRIMARY KEY,
    key text NOT NULL UNIQUE,
    account_id bigint NOT NULL UNIQUE REFERENCES capacity_accounts (id),
    capacity bigint NOT NULL CHECK (capacity > 0),
    issued bigint NOT NULL DEFAULT 0,
    called bigint NOT NULL DEFAULT 0,
    admitted bigint NOT NULL DEFAULT 0,
    admitted_at_step bigint NOT NULL DEFAULT 0,
    show_up double precision NOT NULL DEFAULT 0.9 CHECK (show_up > 0 AND show_up <= 1),
    admitted_per_s double precision NOT NULL DEFAULT 0,
    observed_s double precision NOT NULL DEFAULT 0,
    open_s double precision NOT NULL DEFAULT 0,
    ended_at timestamptz,
    stepped_at timestamptz NOT NULL,
    CHECK (called <= issued)
) WITH (fillfactor = 50);
COMMENT ON COLUMN gate_sites.capacity IS 'visitors wanted inside at most; the account follows as people leave';
COMMENT ON COLUMN gate_sites.show_up IS 'share of called numbers that come in, a moving average';
COMMENT ON COLUMN gate_sites.observed_s IS 'seconds of queueing that admitted_per_s rests on, older ones fading';
COMMENT ON COLUMN gate_sites.open_s IS 'seconds during which a called visitor would have found a place';

-- Numbers called together, kept while their claim window is open.
CREATE TABLE gate_calls (
    site_id uuid NOT NULL REFERENCES gate_sites (id),
    first bigint NOT NULL,
    last bigint NOT NULL,
    claimed bigint NOT NULL DEFAULT 0,
    open_s double precision NOT NULL,
    PRIMARY KEY (site_id, first),
    CHECK (first <= last AND claimed <= last - first + 1)
);

-- One row a visit, so that an arrival or an admission repeated after a lost connection counts once.
-- Polling never reads it. `number` is null for those who came in without waiting.
CREATE TABLE gate_visits (
    id uuid PRIMARY KEY,
    site_id uuid NOT NULL REFERENCES gate_sites (id),
    number bigint,
    arrived_at timestamptz NOT NULL,
    admitted_at timestamptz,
    network text,
    networks text [] NOT NULL DEFAULT '{}',
    ends_at timestamptz,
    left_at timestamptz,
    UNIQUE (site_id, number),
    CHECK (number IS NOT NULL OR admitted_at IS NOT NULL)
);
COMMENT ON COLUMN gate_visits.id IS 'also the id of the hold that is the visitor''s place inside';
CREATE INDEX gate_visits_admitted ON gate_visits (site_id, admitted_at);
COMMENT ON COLUMN gate_visits.network IS 'where it was asked from, as a network (/24, /48); null where nobody can tell';
COMMENT ON COLUMN gate_visits.networks IS 'of a site of others: further networks that its pass has been taken to';
COMMENT ON COLUMN gate_visits.ends_at IS 'when its place ends if nothing more is heard of it; null before it has one';
COMMENT ON COLUMN gate_visits.left_at IS 'when it gave its place back, by the database''s clock: its passes are over';
CREATE INDEX gate_visits_arrived ON gate_visits (arrived_at);
-- How many places one network has at this moment.
CREATE INDEX gate_visits_network ON gate_visits (site_id, network, ends_at)
WHERE network IS NOT NULL AND ends_at IS NOT NULL;
CREATE INDEX gate_visits_left ON gate_visits (left_at) WHERE left_at IS NOT NULL;
