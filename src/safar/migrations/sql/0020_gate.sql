-- Sites of several kinds, staff's controls, an opening with a draw, and a capacity that follows latency.
ALTER TABLE gate_sites
ADD COLUMN kind text NOT NULL DEFAULT 'shop',
ADD COLUMN title text NOT NULL DEFAULT '',
ADD COLUMN path text,
ADD COLUMN product_id uuid,
ADD COLUMN url text,
ADD COLUMN cookie_domain text,
ADD COLUMN removed_at timestamptz,
ADD COLUMN mode text NOT NULL DEFAULT 'open',
ADD COLUMN ended_reason text,
ADD COLUMN pace_per_minute bigint,
ADD COLUMN allowance double precision NOT NULL DEFAULT 0,
ADD COLUMN message jsonb NOT NULL DEFAULT '{}',
ADD COLUMN work boolean NOT NULL DEFAULT false,
ADD COLUMN opens_at timestamptz,
ADD COLUMN opening_id uuid,
ADD COLUMN draw_hash text,
ADD COLUMN draw_base bigint NOT NULL DEFAULT 0,
ADD COLUMN joined bigint NOT NULL DEFAULT 0,
ADD COLUMN drawn bigint NOT NULL DEFAULT 0,
ADD COLUMN drawn_at timestamptz,
ADD COLUMN adaptive boolean NOT NULL DEFAULT false,
ADD COLUMN capacity_least bigint NOT NULL DEFAULT 1,
ADD COLUMN capacity_most bigint NOT NULL DEFAULT 1000000,
ADD COLUMN adaptive_limit double precision NOT NULL DEFAULT 0,
ADD COLUMN latency_ms double precision NOT NULL DEFAULT 0,
ADD COLUMN latency_long_ms double precision NOT NULL DEFAULT 0,
ADD COLUMN adapted_at timestamptz,
ADD COLUMN invited_percent bigint NOT NULL DEFAULT 0,
ADD COLUMN invited_account_id bigint,
ADD COLUMN units_left bigint,
ADD COLUMN units_held bigint;
COMMENT ON COLUMN gate_sites.kind IS 'shop, product (a room before one page of ours) or external (a site of others)';
COMMENT ON COLUMN gate_sites.path IS 'of a product: the page that only those with a place in this room see';
COMMENT ON COLUMN gate_sites.url IS 'of an external site: its origin, the only place its visitors are sent back to';
COMMENT ON COLUMN gate_sites.allowance IS 'how many may be let in at once under pace_per_minute; grows with time';
COMMENT ON COLUMN gate_sites.draw_hash IS 'SHA-256 of the draw''s key, published before the opening';
COMMENT ON COLUMN gate_sites.draw_base IS 'numbers of the draw are draw_base + 1 to draw_base + joined';
COMMENT ON COLUMN gate_sites.joined IS 'visitors in the draw of opening_id; drawn of them have their numbers';
COMMENT ON COLUMN gate_sites.latency_long_ms IS 'the exponential average that latency_ms is compared with';
COMMENT ON COLUMN gate_sites.units_left IS 'of a product: units that can still be promised; units_held lie in orders being paid';

-- The end of the newest pass of a visit: an older copy of it is not renewed.
ALTER TABLE gate_visits
ADD COLUMN kept_until timestamptz,
ADD COLUMN renewed_at timestamptz;

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
