CREATE TABLE tax_countries (
    country text PRIMARY KEY CHECK (country ~ '^([A-Z]{2})?$'),
    included boolean NOT NULL,
    shipping_class text NOT NULL DEFAULT 'standard',
    rates jsonb NOT NULL DEFAULT '{}',
    CHECK (shipping_class IN ('standard', 'reduced', 'zero'))
);
COMMENT ON COLUMN tax_countries.country IS 'ISO 3166; empty: every country without a row of its own';
COMMENT ON COLUMN tax_countries.included IS 'the prices of the catalogue have the tax in them already';
COMMENT ON COLUMN tax_countries.rates IS 'by tax class, in parts per 100,000; a class without a rate is not taxed';

CREATE TABLE shipping_zones (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    countries text [] NOT NULL DEFAULT '{}',
    postcodes text [] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL
);
COMMENT ON COLUMN shipping_zones.countries IS 'empty: everywhere';
COMMENT ON COLUMN shipping_zones.postcodes IS 'beginnings (SW1) or ranges (10..19); empty: all of them';

CREATE TABLE shipping_methods (
    id uuid PRIMARY KEY,
    zone_id uuid NOT NULL REFERENCES shipping_zones (id),
    key text NOT NULL CHECK (key ~ '^[a-z0-9-]{1,40}$'),
    names jsonb NOT NULL,
    bands jsonb NOT NULL,
    currency text NOT NULL,
    free_from_minor bigint CHECK (free_from_minor >= 0),
    days_least bigint NOT NULL CHECK (days_least >= 0),
    days_most bigint NOT NULL,
    active boolean NOT NULL DEFAULT true,
    UNIQUE (zone_id, key),
    CHECK (days_most >= days_least)
);
COMMENT ON COLUMN shipping_methods.names IS 'by language; "" for every other';
COMMENT ON COLUMN shipping_methods.bands IS 'price_minor up to weight_g_max grams, null for any weight';

CREATE TABLE discount_codes (
    code text PRIMARY KEY CHECK (code ~ '^[^[:space:]]{1,40}$'),
    kind text NOT NULL CHECK (kind IN ('percent', 'fixed', 'free_shipping')),
    value bigint NOT NULL CHECK (value >= 0),
    currency text NOT NULL,
    minimum_minor bigint NOT NULL DEFAULT 0 CHECK (minimum_minor >= 0),
    category text NOT NULL DEFAULT '',
    starts_at timestamptz,
    ends_at timestamptz,
    uses_max bigint CHECK (uses_max >= 0),
    account_id bigint REFERENCES capacity_accounts (id),
    customers_once boolean NOT NULL DEFAULT false,
    active boolean NOT NULL DEFAULT true,
    campaign_id uuid,
    partner text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    CHECK (kind <> 'percent' OR value <= 10000),
    CHECK ((uses_max IS NULL) = (account_id IS NULL))
);
COMMENT ON COLUMN discount_codes.value IS 'hundredths of a per cent, or minor units of the currency';
COMMENT ON COLUMN discount_codes.account_id IS 'its uses that are left, in the ledger';

-- Kept by every process: see rare_changes.
CREATE TRIGGER tax_countries_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tax_countries
FOR EACH STATEMENT EXECUTE FUNCTION note_rare_change();
CREATE TRIGGER shipping_zones_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON shipping_zones
FOR EACH STATEMENT EXECUTE FUNCTION note_rare_change();
CREATE TRIGGER shipping_methods_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON shipping_methods
FOR EACH STATEMENT EXECUTE FUNCTION note_rare_change();
