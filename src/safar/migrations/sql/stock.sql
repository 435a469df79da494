CREATE SEQUENCE purchase_order_numbers START 1001;

CREATE SEQUENCE stock_transfer_numbers START 1001;

CREATE SEQUENCE stock_count_numbers START 1001;

CREATE TABLE stock_locations (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    kind text NOT NULL CHECK (
        kind IN (
            'warehouse', 'store', 'allocation', 'quarantine', 'outgoing', 'transit', 'supplier', 'customer', 'loss'
        )
    ),
    shelf_id uuid REFERENCES stock_locations (id),
    created_at timestamptz NOT NULL,
    channel text NOT NULL DEFAULT '',
    country text NOT NULL DEFAULT '',
    postcode text NOT NULL DEFAULT '',
    address text NOT NULL DEFAULT '',
    latitude double precision CHECK (latitude BETWEEN -90 AND 90),
    longitude double precision CHECK (longitude BETWEEN -180 AND 180),
    priority bigint NOT NULL DEFAULT 100,
    sells boolean NOT NULL DEFAULT true,
    active boolean NOT NULL DEFAULT true
);
COMMENT ON COLUMN stock_locations.shelf_id IS 'the location on whose shelves its units lie: what is set aside or sold moves in the books only; null: its own';
COMMENT ON COLUMN stock_locations.channel IS 'of an allocation that is not of a campaign: the channel it is kept for';
COMMENT ON COLUMN stock_locations.priority IS 'the lowest first, where several locations could give the same units';
COMMENT ON COLUMN stock_locations.sells IS 'of a warehouse or a store: every channel sells from it; of an allocation: its own channel does';

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

-- What may be promised of a variant beyond, and must be kept of, what lies there.
CREATE TABLE stock_policies (
    variant_id uuid PRIMARY KEY,
    safety_units bigint NOT NULL DEFAULT 0 CHECK (safety_units >= 0),
    backorder_units bigint NOT NULL DEFAULT 0 CHECK (backorder_units >= 0),
    preorder_from date,
    promise_days bigint CHECK (promise_days >= 0),
    changed_at timestamptz NOT NULL
);
COMMENT ON COLUMN stock_policies.safety_units IS 'kept back at each location that sells';
COMMENT ON COLUMN stock_policies.backorder_units IS 'promised beyond what lies there, over all locations';
COMMENT ON COLUMN stock_policies.preorder_from IS 'day from which units that were ordered before it leave';
COMMENT ON COLUMN stock_policies.promise_days IS 'days until a unit that has to come in first can leave; null: not known';

CREATE TABLE stock_lots (
    id uuid PRIMARY KEY,
    variant_id uuid NOT NULL,
    code text NOT NULL,
    expires_on date,
    created_at timestamptz NOT NULL,
    UNIQUE (variant_id, code)
);

-- Of the units at a location, those that are known to be of a lot. What is sold and not yet shipped counts in.
CREATE TABLE stock_lot_levels (
    lot_id uuid NOT NULL REFERENCES stock_lots (id),
    location_id uuid NOT NULL REFERENCES stock_locations (id),
    expires_on date NOT NULL,
    units bigint NOT NULL CHECK (units >= 0),
    PRIMARY KEY (lot_id, location_id)
);
COMMENT ON COLUMN stock_lot_levels.expires_on IS 'as the lot has it, a lot without one in the year 9999: what expires first is read by index';
CREATE INDEX stock_lot_levels_expiry ON stock_lot_levels (expires_on, lot_id, location_id) WHERE units > 0;

CREATE TABLE stock_lot_entries (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    lot_id uuid NOT NULL REFERENCES stock_lots (id),
    location_id uuid NOT NULL REFERENCES stock_locations (id),
    units bigint NOT NULL CHECK (units <> 0),
    move_id uuid
);
COMMENT ON COLUMN stock_lot_entries.move_id IS 'the move that took the units in or out; null: they were found to be of this lot';
CREATE INDEX stock_lot_entries_lot ON stock_lot_entries (lot_id, at DESC);

CREATE TABLE suppliers (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    email text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    lead_days bigint NOT NULL DEFAULT 7 CHECK (lead_days >= 0),
    currency text NOT NULL,
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL
);
CREATE INDEX suppliers_name ON suppliers (name, id);

CREATE TABLE supplier_items (
    supplier_id uuid NOT NULL REFERENCES suppliers (id),
    variant_id uuid NOT NULL,
    supplier_sku text NOT NULL DEFAULT '',
    cost_minor bigint NOT NULL CHECK (cost_minor >= 0),
    pack_size bigint NOT NULL DEFAULT 1 CHECK (pack_size > 0),
    lead_days bigint CHECK (lead_days >= 0),
    PRIMARY KEY (supplier_id, variant_id)
);
COMMENT ON COLUMN supplier_items.cost_minor IS 'of one unit, in the currency of the supplier';
COMMENT ON COLUMN supplier_items.lead_days IS 'null: as the supplier has it';
CREATE INDEX supplier_items_variant ON supplier_items (variant_id);

CREATE TABLE purchase_orders (
    id uuid PRIMARY KEY,
    number bigint NOT NULL UNIQUE DEFAULT nextval('purchase_order_numbers'),
    supplier_id uuid NOT NULL REFERENCES suppliers (id),
    location_id uuid NOT NULL REFERENCES stock_locations (id),
    state text NOT NULL CHECK (state IN ('draft', 'sent', 'partly_received', 'received', 'cancelled')),
    currency text NOT NULL,
    expected_on date,
    reason text NOT NULL DEFAULT '',
    fingerprint bytea NOT NULL,
    staff_id uuid,
    created_at timestamptz NOT NULL,
    sent_at timestamptz,
    closed_at timestamptz
);
COMMENT ON COLUMN purchase_orders.reason IS 'why it was drafted, or why it was closed before all had come';
CREATE INDEX purchase_orders_state ON purchase_orders (state, number DESC);
CREATE INDEX purchase_orders_supplier ON purchase_orders (supplier_id, number DESC);

CREATE TABLE purchase_order_lines (
    order_id uuid NOT NULL REFERENCES purchase_orders (id),
    variant_id uuid NOT NULL,
    quantity bigint NOT NULL CHECK (quantity > 0),
    received bigint NOT NULL DEFAULT 0 CHECK (received >= 0),
    cost_minor bigint NOT NULL CHECK (cost_minor >= 0),
    expected_on date,
    PRIMARY KEY (order_id, variant_id)
);
COMMENT ON COLUMN purchase_order_lines.expected_on IS 'null: as the order has it';
CREATE INDEX purchase_order_lines_open ON purchase_order_lines (variant_id) WHERE received < quantity;

-- One delivery: what came of an order at once.
CREATE TABLE purchase_receipts (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES purchase_orders (id),
    at timestamptz NOT NULL,
    document text NOT NULL DEFAULT '',
    fingerprint bytea NOT NULL,
    staff_id uuid
);
CREATE INDEX purchase_receipts_order ON purchase_receipts (order_id, at DESC);

CREATE TABLE purchase_receipt_lines (
    receipt_id uuid NOT NULL REFERENCES purchase_receipts (id),
    variant_id uuid NOT NULL,
    quantity bigint NOT NULL CHECK (quantity > 0),
    lot_id uuid REFERENCES stock_lots (id),
    PRIMARY KEY (receipt_id, variant_id)
);

CREATE TABLE stock_transfers (
    id uuid PRIMARY KEY,
    number bigint NOT NULL UNIQUE DEFAULT nextval('stock_transfer_numbers'),
    from_location_id uuid NOT NULL REFERENCES stock_locations (id),
    to_location_id uuid NOT NULL REFERENCES stock_locations (id),
    state text NOT NULL CHECK (state IN ('draft', 'sent', 'arrived', 'cancelled')),
    expected_on date,
    note text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    fingerprint bytea NOT NULL,
    staff_id uuid,
    created_at timestamptz NOT NULL,
    sent_at timestamptz,
    closed_at timestamptz,
    CHECK (from_location_id <> to_location_id)
);
COMMENT ON COLUMN stock_transfers.reason IS 'why some of it was lost on the way, or why it was cancelled';
CREATE INDEX stock_transfers_state ON stock_transfers (state, number DESC);

-- In transit: quantity - arrived - lost, while the transfer is sent.
CREATE TABLE stock_transfer_lines (
    transfer_id uuid NOT NULL REFERENCES stock_transfers (id),
    variant_id uuid NOT NULL,
    quantity bigint NOT NULL CHECK (quantity > 0),
    arrived bigint NOT NULL DEFAULT 0 CHECK (arrived >= 0),
    lost bigint NOT NULL DEFAULT 0 CHECK (lost >= 0),
    PRIMARY KEY (transfer_id, variant_id),
    CHECK (arrived + lost <= quantity)
);
CREATE INDEX stock_transfer_lines_open ON stock_transfer_lines (variant_id) WHERE arrived + lost < quantity;

-- What arrived at once: sent again it is known by what it said, not by the moves that it made.
CREATE TABLE stock_transfer_arrivals (
    id uuid PRIMARY KEY,
    transfer_id uuid NOT NULL REFERENCES stock_transfers (id),
    at timestamptz NOT NULL,
    fingerprint bytea NOT NULL,
    staff_id uuid
);
CREATE INDEX stock_transfer_arrivals_transfer ON stock_transfer_arrivals (transfer_id);

CREATE TABLE stock_counts (
    id uuid PRIMARY KEY,
    number bigint NOT NULL UNIQUE DEFAULT nextval('stock_count_numbers'),
    location_id uuid NOT NULL REFERENCES stock_locations (id),
    category text NOT NULL DEFAULT '',
    after_sku text NOT NULL DEFAULT '',
    state text NOT NULL CHECK (state IN ('open', 'counted', 'approved', 'cancelled')),
    staff_id uuid,
    created_at timestamptz NOT NULL,
    counted_by uuid,
    counted_at timestamptz,
    decided_by uuid,
    decided_at timestamptz
);
COMMENT ON COLUMN stock_counts.category IS 'empty: everything that lies there';
CREATE INDEX stock_counts_state ON stock_counts (state, number DESC);

-- A line knows what was expected at the moment at which it was counted: what moves later changes nothing of it.
CREATE TABLE stock_count_lines (
    count_id uuid NOT NULL REFERENCES stock_counts (id),
    variant_id uuid NOT NULL,
    sku text NOT NULL,
    counted bigint CHECK (counted >= 0),
    expected bigint,
    counted_at timestamptz,
    accepted boolean,
    PRIMARY KEY (count_id, variant_id),
    CHECK ((counted IS NULL) = (expected IS NULL))
);
COMMENT ON COLUMN stock_count_lines.sku IS 'as it was when the sheet was made: its order on the shelf list';
COMMENT ON COLUMN stock_count_lines.accepted IS 'true: the difference became a move; false: it was turned down';
CREATE INDEX stock_count_lines_sheet ON stock_count_lines (count_id, sku);

-- What was typed or scanned, by the id of the form: sent twice, it counts once.
CREATE TABLE stock_count_entries (
    id uuid PRIMARY KEY,
    count_id uuid NOT NULL REFERENCES stock_counts (id),
    variant_id uuid NOT NULL,
    units bigint NOT NULL,
    added boolean NOT NULL,
    staff_id uuid,
    at timestamptz NOT NULL
);
COMMENT ON COLUMN stock_count_entries.added IS 'true: so many more, as a scanner says; false: so many in all';
CREATE INDEX stock_count_entries_count ON stock_count_entries (count_id, at DESC);

-- What is sold and has not left, as one figure for each place: the sum of its moves, written with them.
CREATE TABLE stock_outgoing (
    variant_id uuid NOT NULL,
    location_id uuid NOT NULL REFERENCES stock_locations (id),
    units bigint NOT NULL,
    PRIMARY KEY (variant_id, location_id)
) WITH (fillfactor = 50);
COMMENT ON COLUMN stock_outgoing.location_id IS 'the location of kind outgoing beside the shelf';

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

-- Units of a variant that the shop can still promise to anybody: for filters; shop.availability counts for one visitor.
CREATE VIEW shop_units AS
SELECT l.variant_id, sum(greatest(a.on_hand - a.held - a.reserve + a.backorder, 0)) AS units
FROM stock_levels AS l
INNER JOIN capacity_accounts AS a ON a.id = l.account_id
INNER JOIN stock_locations AS s ON s.id = l.location_id
WHERE s.active AND s.sells AND s.kind IN ('warehouse', 'store')
GROUP BY l.variant_id;

-- What lies on a shelf, whichever books it stands in: its own, those of what is set aside there, and what is
-- sold and has not left.
CREATE VIEW stock_on_shelves AS
SELECT l.variant_id, coalesce(s.shelf_id, s.id) AS shelf_id, a.on_hand AS units
FROM stock_levels AS l
INNER JOIN capacity_accounts AS a ON a.id = l.account_id
INNER JOIN stock_locations AS s ON s.id = l.location_id
UNION ALL
SELECT o.variant_id, coalesce(s.shelf_id, s.id), o.units
FROM stock_outgoing AS o
INNER JOIN stock_locations AS s ON s.id = o.location_id;

-- Kept by every process: see rare_changes.
CREATE TRIGGER stock_locations_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON stock_locations
FOR EACH STATEMENT EXECUTE FUNCTION note_rare_change();
