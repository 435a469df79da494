CREATE TABLE customers (
    id uuid PRIMARY KEY,
    name text,
    language text NOT NULL,
    country text,
    created_at timestamptz NOT NULL,
    merged_into uuid REFERENCES customers (id)
);
CREATE INDEX customers_created ON customers (created_at DESC, id);

CREATE TABLE customer_identities (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customers (id),
    kind text NOT NULL CHECK (kind IN ('email', 'phone', 'visitor', 'telegram', 'whatsapp')),
    value text NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (kind, value)
);
CREATE INDEX customer_identities_customer ON customer_identities (customer_id);

-- The state in force; how it came about is in the journal (consent.given, consent.withdrawn).
CREATE TABLE customer_consents (
    customer_id uuid NOT NULL REFERENCES customers (id),
    channel text NOT NULL,
    given boolean NOT NULL,
    source text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (customer_id, channel)
);
