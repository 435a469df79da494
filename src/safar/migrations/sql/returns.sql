CREATE SEQUENCE return_numbers START 5001;

CREATE TABLE returns (
    id uuid PRIMARY KEY,
    number bigint NOT NULL UNIQUE DEFAULT nextval('return_numbers'),
    order_id uuid NOT NULL REFERENCES orders (id),
    state text NOT NULL CHECK (
        state IN ('requested', 'approved', 'refused', 'received', 'refunded', 'exchanged')
    ),
    wish text NOT NULL CHECK (wish IN ('refund', 'exchange')),
    fingerprint bytea NOT NULL,
    note text NOT NULL DEFAULT '',
    answer text NOT NULL DEFAULT '',
    exchange_order_id uuid REFERENCES orders (id),
    refund_id uuid,
    refund_minor bigint NOT NULL DEFAULT 0 CHECK (refund_minor >= 0),
    with_shipping boolean NOT NULL DEFAULT false,
    requested_at timestamptz NOT NULL,
    decided_at timestamptz,
    received_at timestamptz,
    ended_at timestamptz,
    staff_id uuid
);
COMMENT ON COLUMN returns.note IS 'what the customer wrote';
COMMENT ON COLUMN returns.answer IS 'what the customer was answered';
COMMENT ON COLUMN returns.with_shipping IS 'what sending the order had cost went back, too: once for an order';
COMMENT ON COLUMN returns.staff_id IS 'who took it down for the customer; null: the customer asked';
CREATE INDEX returns_order ON returns (order_id);
CREATE INDEX returns_state ON returns (state, number DESC);
CREATE UNIQUE INDEX returns_exchange ON returns (exchange_order_id);

-- What was bought and comes back: what the money goes by.
CREATE TABLE return_lines (
    return_id uuid NOT NULL REFERENCES returns (id),
    variant_id uuid NOT NULL REFERENCES variants (id),
    quantity bigint NOT NULL CHECK (quantity > 0),
    received bigint CHECK (received >= 0 AND received <= quantity),
    reason text NOT NULL,
    wanted_id uuid REFERENCES variants (id),
    PRIMARY KEY (return_id, variant_id)
);
COMMENT ON COLUMN return_lines.received IS 'of the quantity; null until it came';
COMMENT ON COLUMN return_lines.wanted_id IS 'for an exchange: what the customer wants instead';

-- What came back in fact, unit by unit, and where it was put: of a kit its parts.
CREATE TABLE return_goods (
    return_id uuid NOT NULL REFERENCES returns (id),
    variant_id uuid NOT NULL REFERENCES variants (id),
    location_id uuid NOT NULL REFERENCES stock_locations (id),
    quantity bigint NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (return_id, variant_id, location_id)
);

-- What is given up of orders of which the rest is sent.
CREATE TABLE given_up (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders (id),
    reason text NOT NULL,
    refund_minor bigint NOT NULL CHECK (refund_minor >= 0),
    waived_minor bigint NOT NULL CHECK (waived_minor >= 0),
    staff_id uuid NOT NULL,
    at timestamptz NOT NULL,
    fingerprint bytea NOT NULL
);
COMMENT ON COLUMN given_up.reason IS 'what the customer was told';
CREATE INDEX given_up_order ON given_up (order_id);

CREATE TABLE given_up_lines (
    given_up_id uuid NOT NULL REFERENCES given_up (id),
    variant_id uuid NOT NULL REFERENCES variants (id),
    quantity bigint NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (given_up_id, variant_id)
);
