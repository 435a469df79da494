-- What each variant sold on each day, kept from the moves, so that no page and no forecast reads all of those.
CREATE TABLE stock_demand (
    variant_id uuid NOT NULL,
    day date NOT NULL,
    sold bigint NOT NULL,
    returned bigint NOT NULL,
    change bigint NOT NULL,
    PRIMARY KEY (variant_id, day)
);
COMMENT ON COLUMN stock_demand.day IS 'in UTC';
COMMENT ON COLUMN stock_demand.change IS 'what the day did to the units on our own shelves';

CREATE TABLE stock_forecasts (
    variant_id uuid PRIMARY KEY,
    made_at timestamptz NOT NULL,
    demand text NOT NULL CHECK (demand IN ('smooth', 'erratic', 'intermittent', 'lumpy', 'new', 'none')),
    model text NOT NULL,
    week_mean double precision NOT NULL CHECK (week_mean >= 0),
    week_deviation double precision NOT NULL CHECK (week_deviation >= 0),
    weeks bigint NOT NULL,
    error double precision,
    naive_error double precision
);
COMMENT ON COLUMN stock_forecasts.error IS 'mean absolute error of past four-week sums; null: too short a past';

-- What staff want of a variant; null leaves it to the calculation.
CREATE TABLE stock_reorder_rules (
    variant_id uuid PRIMARY KEY,
    reorder_point bigint CHECK (reorder_point >= 0),
    order_up_to bigint CHECK (order_up_to >= 0),
    minimum_units bigint NOT NULL DEFAULT 1 CHECK (minimum_units > 0),
    service_percent double precision CHECK (service_percent BETWEEN 50 AND 99.9),
    supplier_id uuid REFERENCES suppliers (id),
    paused boolean NOT NULL DEFAULT false,
    changed_at timestamptz NOT NULL
);
COMMENT ON COLUMN stock_reorder_rules.supplier_id IS 'whom to buy it from; null: who asks least for it';
COMMENT ON COLUMN stock_reorder_rules.paused IS 'true: never suggested, and nobody is told';

-- What is at or below its reorder point now: one row while it is, with the figures that say so.
CREATE TABLE stock_suggestions (
    variant_id uuid PRIMARY KEY,
    supplier_id uuid REFERENCES suppliers (id),
    quantity bigint NOT NULL CHECK (quantity > 0),
    cost_minor bigint,
    currency text,
    on_hand bigint NOT NULL,
    held bigint NOT NULL,
    incoming bigint NOT NULL,
    reserve bigint NOT NULL,
    reorder_point bigint NOT NULL,
    order_up_to bigint NOT NULL,
    week_mean double precision NOT NULL,
    week_deviation double precision NOT NULL,
    service_percent double precision NOT NULL,
    lead_days bigint NOT NULL,
    pack_size bigint NOT NULL,
    days_left double precision,
    low_since timestamptz NOT NULL,
    told_at timestamptz
);
COMMENT ON COLUMN stock_suggestions.told_at IS 'when who looks after it was written to; null: not yet';
CREATE INDEX stock_suggestions_untold ON stock_suggestions (low_since) WHERE told_at IS NULL;
-- By supplier, those of nobody under the zero id; what runs out first comes first.
CREATE INDEX stock_suggestions_supplier ON stock_suggestions (
    coalesce(supplier_id, '00000000-0000-0000-0000-000000000000'), coalesce(days_left, 0), variant_id
);

-- Who of the staff is told when something of a supplier runs low; without a row all managers are.
CREATE TABLE stock_watchers (
    supplier_id uuid PRIMARY KEY REFERENCES suppliers (id),
    staff_id uuid NOT NULL
);

CREATE TABLE stock_replenish_runs (
    id uuid PRIMARY KEY,
    asked_at timestamptz NOT NULL,
    staff_id uuid,
    started_at timestamptz,
    ended_at timestamptz,
    error text,
    series bigint NOT NULL DEFAULT 0,
    low bigint NOT NULL DEFAULT 0
);
CREATE INDEX stock_replenish_runs_asked ON stock_replenish_runs (asked_at DESC);

-- Up to where the moves are counted, and looked at for what runs low. One row.
CREATE TABLE stock_replenish_state (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    counted_until date,
    reviewed_until timestamptz,
    reviewed_all_at timestamptz,
    told_at timestamptz
);
INSERT INTO stock_replenish_state (one) VALUES (true);
