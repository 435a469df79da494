-- Units kept back: counted as on hand, promised to nobody. free for new holds = on_hand - held - reserve + backorder.
ALTER TABLE capacity_accounts ADD COLUMN reserve bigint NOT NULL DEFAULT 0 CHECK (reserve >= 0);

-- The idempotency keys of the public surface that no other id stands for.
CREATE TABLE request_keys (
    key uuid PRIMARY KEY,
    fingerprint bytea NOT NULL,
    answer jsonb,
    asked_at timestamptz NOT NULL
);
CREATE INDEX request_keys_asked ON request_keys (asked_at);

-- Items of a queue that could not be done; each rests until `next_try_at`, and the others go on.
CREATE TABLE setbacks (
    queue text NOT NULL,
    item text NOT NULL,
    tries bigint NOT NULL,
    error text NOT NULL,
    first_at timestamptz NOT NULL,
    next_try_at timestamptz NOT NULL,
    PRIMARY KEY (queue, item)
);

-- One row a process that runs: when it was last heard of, by the database's clock, and which loops of it err.
CREATE TABLE process_beats (
    process_id uuid PRIMARY KEY,
    role text NOT NULL,
    beat_at timestamptz NOT NULL,
    lapsed jsonb NOT NULL DEFAULT '[]'
);

-- What an order takes from which shelf: the parts of a kit instead of the kit, a line in two places twice.
CREATE TABLE order_goods (
    order_id uuid NOT NULL REFERENCES orders (id),
    variant_id uuid NOT NULL REFERENCES variants (id),
    location_id uuid NOT NULL REFERENCES stock_locations (id),
    quantity bigint NOT NULL CHECK (quantity >= 0),
    shipped bigint NOT NULL DEFAULT 0 CHECK (shipped >= 0 AND shipped <= quantity),
    PRIMARY KEY (order_id, variant_id, location_id)
);
COMMENT ON COLUMN order_goods.shipped IS 'of the quantity; the rest still lies at the location, packed or to be packed';

ALTER TABLE order_lines
ADD COLUMN discount_minor bigint NOT NULL DEFAULT 0 CHECK (discount_minor >= 0),
ADD COLUMN tax_minor bigint NOT NULL DEFAULT 0 CHECK (tax_minor >= 0);

ALTER TABLE orders
ADD COLUMN country text NOT NULL DEFAULT '',
ADD COLUMN postcode text NOT NULL DEFAULT '',
ADD COLUMN city text NOT NULL DEFAULT '',
ADD COLUMN phone text NOT NULL DEFAULT '',
ADD COLUMN subtotal_minor bigint NOT NULL DEFAULT 0,
ADD COLUMN discount_minor bigint NOT NULL DEFAULT 0,
ADD COLUMN shipping_minor bigint NOT NULL DEFAULT 0,
ADD COLUMN tax_minor bigint NOT NULL DEFAULT 0,
ADD COLUMN tax_included boolean NOT NULL DEFAULT true,
ADD COLUMN shipping_key text NOT NULL DEFAULT '',
ADD COLUMN discount_code text NOT NULL DEFAULT '',
ADD COLUMN promised_on date,
ADD COLUMN packed_at timestamptz,
ADD COLUMN closed_at timestamptz;
COMMENT ON COLUMN orders.promised_on IS 'for units that are still to come: when the customer was told that they leave';
