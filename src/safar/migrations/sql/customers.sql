-- Finds a name or an address by any part of it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE customers (
    id uuid PRIMARY KEY,
    name text,
    language text NOT NULL,
    country text,
    created_at timestamptz NOT NULL,
    merged_into uuid REFERENCES customers (id),
    search text NOT NULL DEFAULT ''
);
COMMENT ON COLUMN customers.search IS 'name and addresses, folded (kernel.text.fold)';
CREATE INDEX customers_created ON customers (created_at DESC, id DESC);
CREATE INDEX customers_merged ON customers (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX customers_search ON customers USING gin (search gin_trgm_ops);

-- The address decides who somebody is, so it is written first and its owner after it: hence deferred.
CREATE TABLE customer_identities (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customers (id) DEFERRABLE INITIALLY DEFERRED,
    kind text NOT NULL CHECK (kind IN ('email', 'phone', 'visitor', 'telegram', 'whatsapp', 'instagram', 'messenger', 'http')),
    value text NOT NULL,
    scope text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    UNIQUE (kind, value, scope)
);
COMMENT ON COLUMN customer_identities.scope IS 'within what the value names one person; empty: the world';
CREATE INDEX customer_identities_customer ON customer_identities (customer_id);

-- What somebody said is their address (typed it, or wrote it into a From header). It shows nothing and decides
-- nothing; only what comes back from that address makes it an identity (customer_identities).
CREATE TABLE customer_claims (
    customer_id uuid NOT NULL REFERENCES customers (id),
    kind text NOT NULL CHECK (kind IN ('email', 'phone')),
    value text NOT NULL,
    source text NOT NULL,
    claimed_at timestamptz NOT NULL,
    PRIMARY KEY (customer_id, kind, value)
);
COMMENT ON COLUMN customer_claims.customer_id IS 'who says so: a browser''s customer, or the address''s own';
COMMENT ON COLUMN customer_claims.source IS 'where it was said: order, back_in_stock, newsletter, mail, chat';
CREATE INDEX customer_claims_value ON customer_claims (kind, value);

-- The state in force; how it came about is in consent_records.
CREATE TABLE customer_consents (
    customer_id uuid NOT NULL REFERENCES customers (id),
    channel text NOT NULL,
    given boolean NOT NULL,
    source text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (customer_id, channel)
);

-- Every change of a consent, with what shows that it was made: kept for as long as the customer is.
CREATE TABLE consent_records (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    customer_id uuid NOT NULL REFERENCES customers (id),
    channel text NOT NULL,
    given boolean NOT NULL,
    source text NOT NULL,
    proof jsonb NOT NULL DEFAULT '{}',
    staff_id uuid,
    at timestamptz NOT NULL
);
COMMENT ON COLUMN consent_records.proof IS 'the words agreed to, the address, when it was asked and confirmed, a reason';
CREATE INDEX consent_records_customer ON consent_records (customer_id, at);
