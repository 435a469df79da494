-- Shipments, returns and exchanges.
CREATE TABLE carriers (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    tracking_url text NOT NULL DEFAULT '',
    active boolean NOT NULL DEFAULT true,
    changed_at timestamptz NOT NULL
);
COMMENT ON COLUMN carriers.tracking_url IS 'where a parcel is followed; {code} stands for the tracking code';

-- A parcel: what left one location at one time. An order has as many as it needs.
CREATE TABLE shipments (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders (id),
    location_id uuid NOT NULL REFERENCES stock_locations (id),
    carrier text NOT NULL DEFAULT '',
    tracking_code text NOT NULL DEFAULT '',
    tracking_url text NOT NULL DEFAULT '',
    shipped_at timestamptz NOT NULL,
    delivered_at timestamptz,
    staff_id uuid,
    fingerprint bytea NOT NULL
);
COMMENT ON COLUMN shipments.tracking_url IS 'the link as the customer got it: a change of the carrier''s address leaves it';
CREATE INDEX shipments_order ON shipments (order_id, shipped_at);
CREATE INDEX shipments_tracking ON shipments (upper(tracking_code)) WHERE tracking_code <> '';

CREATE TABLE shipment_goods (
    shipment_id uuid NOT NULL REFERENCES shipments (id),
    variant_id uuid NOT NULL REFERENCES variants (id),
    quantity bigint NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (shipment_id, variant_id)
);

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

-- New indexes on tables that are there already. (Migrations run in a transaction.)
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX order_lines_variant ON order_lines (variant_id, order_id DESC);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX orders_delivered ON orders (delivered_at) WHERE state = 'delivered';
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX orders_sent ON orders (shipped_at) WHERE state = 'shipped';
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX payments_state ON payments (state) WHERE state IN ('failed', 'owed', 'refunded');

-- What an exchange is paid with: money that lies at another order.
CREATE TABLE order_credits (
    order_id uuid NOT NULL REFERENCES orders (id),
    from_order_id uuid NOT NULL REFERENCES orders (id),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    gone_minor bigint NOT NULL DEFAULT 0 CHECK (gone_minor >= 0 AND gone_minor <= amount_minor),
    PRIMARY KEY (order_id, from_order_id)
);
COMMENT ON COLUMN order_credits.gone_minor IS 'given back, carried on by a further exchange, or let go since';

ALTER TABLE orders
ADD COLUMN credit_minor bigint NOT NULL DEFAULT 0 CHECK (credit_minor >= 0),
ADD COLUMN waived_minor bigint NOT NULL DEFAULT 0 CHECK (waived_minor >= 0),
ADD COLUMN delivery_back_minor bigint NOT NULL DEFAULT 0 CHECK (delivery_back_minor >= 0),
ADD COLUMN shipping_tax_minor bigint NOT NULL DEFAULT 0,
ADD COLUMN shipping_tax_rate bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN orders.delivery_back_minor IS 'what went back of what sending it had cost';
COMMENT ON COLUMN orders.shipping_tax_rate IS 'the rate that was used, in parts per 100,000';
COMMENT ON COLUMN orders.credit_minor IS 'what its goods were paid with, besides the total: the credit of an exchange';
COMMENT ON COLUMN orders.waived_minor IS 'what need not be paid any more: for goods that will not come, or came back unpaid';

ALTER TABLE order_lines
ADD COLUMN tax_class text NOT NULL DEFAULT 'standard',
ADD COLUMN tax_rate bigint NOT NULL DEFAULT 0,
ADD COLUMN parts jsonb NOT NULL DEFAULT '[]',
ADD COLUMN given_up bigint NOT NULL DEFAULT 0 CHECK (given_up >= 0 AND given_up <= quantity);
COMMENT ON COLUMN order_lines.tax_rate IS 'the rate that was used, in parts per 100,000';
COMMENT ON COLUMN order_lines.parts IS 'of a kit its parts as it was sold: [variant, units of one kit]';
COMMENT ON COLUMN order_lines.given_up IS 'units of the quantity that will not be sent';

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

CREATE TABLE document_series (
    series text PRIMARY KEY,
    number bigint NOT NULL CHECK (number > 0)
);
COMMENT ON COLUMN document_series.number IS 'the last one that was given: there are no gaps before it';

-- What was issued stays as it was issued, whatever becomes of the order, the shop or its settings.
CREATE TABLE documents (
    order_id uuid NOT NULL REFERENCES orders (id),
    kind text NOT NULL CHECK (kind IN ('invoice', 'receipt')),
    series text NOT NULL REFERENCES document_series (series),
    number bigint NOT NULL,
    content jsonb NOT NULL,
    issued_at timestamptz NOT NULL,
    PRIMARY KEY (order_id, kind)
);
COMMENT ON COLUMN documents.kind IS 'a receipt says that it is paid; both of an order have one number';
COMMENT ON COLUMN documents.content IS 'what it says, word for word';
CREATE UNIQUE INDEX documents_number ON documents (series, number, kind);
