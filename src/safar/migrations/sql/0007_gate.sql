-- Two counters a site: numbers handed out, and the highest number called in.
CREATE TABLE gate_sites (
    id uuid PRIMARY KEY,
    key text NOT NULL UNIQUE,
    account_id bigint NOT NULL UNIQUE REFERENCES capacity_accounts (id),
    issued bigint NOT NULL DEFAULT 0,
    called bigint NOT NULL DEFAULT 0,
    admitted bigint NOT NULL DEFAULT 0,
    show_up double precision NOT NULL DEFAULT 1 CHECK (show_up > 0 AND show_up <= 1),
    admitted_per_s double precision NOT NULL DEFAULT 0,
    ended_at timestamptz,
    stepped_at timestamptz NOT NULL,
    CHECK (called <= issued)
) WITH (fillfactor = 50);
COMMENT ON COLUMN gate_sites.show_up IS 'share of called numbers that come in, a moving average';
