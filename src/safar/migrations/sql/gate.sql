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
    kind text NOT NULL DEFAULT 'shop',
    title text NOT NULL DEFAULT '',
    path text,
    product_id uuid,
    url text,
    cookie_domain text,
    removed_at timestamptz,
    mode text NOT NULL DEFAULT 'open',
    ended_reason text,
    pace_per_minute bigint,
    allowance double precision NOT NULL DEFAULT 0,
    message jsonb NOT NULL DEFAULT '{}',
    work boolean NOT NULL DEFAULT false,
    opens_at timestamptz,
    opening_id uuid,
    draw_hash text,
    draw_base bigint NOT NULL DEFAULT 0,
    joined bigint NOT NULL DEFAULT 0,
    drawn bigint NOT NULL DEFAULT 0,
    drawn_at timestamptz,
    adaptive boolean NOT NULL DEFAULT false,
    capacity_least bigint NOT NULL DEFAULT 1,
    capacity_most bigint NOT NULL DEFAULT 1000000,
    adaptive_limit double precision NOT NULL DEFAULT 0,
    latency_ms double precision NOT NULL DEFAULT 0,
    latency_long_ms double precision NOT NULL DEFAULT 0,
    adapted_at timestamptz,
    invited_percent bigint NOT NULL DEFAULT 0,
    invited_account_id bigint,
    units_left bigint,
    units_held bigint,
    CHECK (called <= issued)
) WITH (fillfactor = 50);
COMMENT ON COLUMN gate_sites.capacity IS 'visitors wanted inside at most; the account follows as people leave';
COMMENT ON COLUMN gate_sites.show_up IS 'share of called numbers that come in, a moving average';
COMMENT ON COLUMN gate_sites.observed_s IS 'seconds of queueing that admitted_per_s rests on, older ones fading';
COMMENT ON COLUMN gate_sites.open_s IS 'seconds during which a called visitor would have found a place';
COMMENT ON COLUMN gate_sites.kind IS 'shop, product (a room before one page of ours) or external (a site of others)';
COMMENT ON COLUMN gate_sites.path IS 'of a product: the page that only those with a place in this room see';
COMMENT ON COLUMN gate_sites.url IS 'of an external site: its origin, the only place its visitors are sent back to';
COMMENT ON COLUMN gate_sites.allowance IS 'how many may be let in at once under pace_per_minute; grows with time';
COMMENT ON COLUMN gate_sites.draw_hash IS 'SHA-256 of the draw''s key, published before the opening';
COMMENT ON COLUMN gate_sites.draw_base IS 'numbers of the draw are draw_base + 1 to draw_base + joined';
COMMENT ON COLUMN gate_sites.joined IS 'visitors in the draw of opening_id; drawn of them have their numbers';
COMMENT ON COLUMN gate_sites.latency_long_ms IS 'the exponential average that latency_ms is compared with';
COMMENT ON COLUMN gate_sites.units_left IS 'of a product: units that can still be promised; units_held lie in orders being paid';

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
    -- The end of the newest pass of a visit: an older copy of it is not renewed.
    kept_until timestamptz,
    renewed_at timestamptz,
    UNIQUE (site_id, number),
    CHECK (number IS NOT NULL OR admitted_at IS NOT NULL)
);
COMMENT ON COLUMN gate_visits.id IS 'also the id of the hold that is the visitor''s place inside';
COMMENT ON COLUMN gate_visits.network IS 'where it was asked from, as a network (/24, /48); null where nobody can tell';
COMMENT ON COLUMN gate_visits.networks IS 'of a site of others: further networks that its pass has been taken to';
COMMENT ON COLUMN gate_visits.ends_at IS 'when its place ends if nothing more is heard of it; null before it has one';
COMMENT ON COLUMN gate_visits.left_at IS 'when it gave its place back, by the database''s clock: its passes are over';
CREATE INDEX gate_visits_admitted ON gate_visits (site_id, admitted_at);
CREATE INDEX gate_visits_arrived ON gate_visits (arrived_at);
-- How many places one network has at this moment.
CREATE INDEX gate_visits_network ON gate_visits (site_id, network, ends_at)
WHERE network IS NOT NULL AND ends_at IS NOT NULL;
CREATE INDEX gate_visits_left ON gate_visits (left_at) WHERE left_at IS NOT NULL;

-- Those who came before the opening, in the order in which they will get their numbers: nobody else's business.
CREATE TABLE gate_lots (
    visit_id uuid PRIMARY KEY,
    site_id uuid NOT NULL REFERENCES gate_sites (id),
    opening_id uuid NOT NULL,
    draw bigint NOT NULL,
    joined_at timestamptz NOT NULL
);
COMMENT ON COLUMN gate_lots.draw IS 'HMAC(key, id), its first 8 bytes as an unsigned number, less 2^63';
CREATE INDEX gate_lots_draw ON gate_lots (opening_id, draw, visit_id);

-- Visits whose tab said that it was closed; a page in time takes it back.
CREATE TABLE gate_leavers (
    visit_id uuid PRIMARY KEY,
    left_at timestamptz NOT NULL
);
CREATE INDEX gate_leavers_left ON gate_leavers (left_at);

-- What each front process measured last, for the capacity that follows it.
CREATE TABLE gate_loads (
    process_id uuid PRIMARY KEY,
    requests bigint NOT NULL,
    latency_ms double precision NOT NULL,
    measured_at timestamptz NOT NULL
);
