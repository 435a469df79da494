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
