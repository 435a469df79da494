-- The shop's own data (owner/facts.py declares it): name, address, tax number, hours, promises.
CREATE TABLE shop_settings (
    key text PRIMARY KEY,
    value jsonb NOT NULL,
    changed_at timestamptz NOT NULL
);
