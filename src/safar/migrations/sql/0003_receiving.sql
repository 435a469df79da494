-- Where in a location a variant lies: "A3", "cellar, left". The picking list names it.
CREATE TABLE stock_bins (
    variant_id uuid NOT NULL,
    location_id uuid NOT NULL REFERENCES stock_locations (id),
    bin text NOT NULL CHECK (bin <> ''),
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (variant_id, location_id)
);

-- A delivery that is scanned article by article; its units come into stock when it is booked.
CREATE TABLE stock_receivings (
    id uuid PRIMARY KEY,
    location_id uuid NOT NULL REFERENCES stock_locations (id),
    document text NOT NULL DEFAULT '',
    state text NOT NULL CHECK (state IN ('open', 'booked', 'discarded')),
    staff_id uuid,
    created_at timestamptz NOT NULL,
    ended_at timestamptz
);
COMMENT ON COLUMN stock_receivings.document IS 'delivery note, if there is one';
CREATE INDEX stock_receivings_latest ON stock_receivings ((state = 'open') DESC, created_at DESC, id)
WHERE state <> 'discarded';

CREATE TABLE stock_receiving_lines (
    receiving_id uuid NOT NULL REFERENCES stock_receivings (id),
    variant_id uuid NOT NULL,
    units bigint NOT NULL CHECK (units >= 0),
    lot text NOT NULL DEFAULT '',
    expires_on date,
    scanned_at timestamptz NOT NULL,
    PRIMARY KEY (receiving_id, variant_id)
);

-- What was scanned, by the id of the form: sent twice, it counts once.
CREATE TABLE stock_receiving_scans (
    id uuid PRIMARY KEY,
    receiving_id uuid NOT NULL REFERENCES stock_receivings (id),
    variant_id uuid NOT NULL,
    units bigint NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX stock_receiving_scans_receiving ON stock_receiving_scans (receiving_id, at DESC);
