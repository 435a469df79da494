CREATE TABLE stock_locations (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    kind text NOT NULL CHECK (
        kind IN (
            'warehouse', 'store', 'allocation', 'quarantine', 'outgoing', 'transit', 'supplier', 'customer', 'loss'
        )
    ),
    shelf_id uuid REFERENCES stock_locations (id),
    created_at timestamptz NOT NULL
);

COMMENT ON COLUMN stock_locations.shelf_id IS 'the location on whose shelves its units lie: what is set aside or sold moves in the books only; null: its own';

-- One level for each variant at each of our own locations; its account is what can be promised there.
CREATE TABLE stock_levels (
    variant_id uuid NOT NULL,
    location_id uuid NOT NULL REFERENCES stock_locations (id),
    account_id bigint NOT NULL UNIQUE REFERENCES capacity_accounts (id),
    PRIMARY KEY (variant_id, location_id)
);

-- Double entry: units leave one location and reach another. on_hand of a level = moves in - moves out.
CREATE TABLE stock_moves (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    variant_id uuid NOT NULL,
    from_location_id uuid NOT NULL REFERENCES stock_locations (id),
    to_location_id uuid NOT NULL REFERENCES stock_locations (id),
    quantity bigint NOT NULL CHECK (quantity > 0),
    reason text NOT NULL,
    document text,
    staff_id uuid,
    CHECK (from_location_id <> to_location_id)
);
CREATE INDEX stock_moves_variant ON stock_moves (variant_id, at DESC);
CREATE INDEX stock_moves_at ON stock_moves (at DESC, id);
