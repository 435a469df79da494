-- The shop's own data (owner/facts.py declares it): name, address, tax number, hours, promises.
CREATE TABLE shop_settings (
    key text PRIMARY KEY,
    value jsonb NOT NULL,
    changed_at timestamptz NOT NULL
);
-- The logos and icons of the shop, as PNG; mails that were sent go on showing the old ones.
CREATE TABLE shop_marks (
    name text PRIMARY KEY,
    body bytea NOT NULL,
    kept_at timestamptz NOT NULL
);
COMMENT ON COLUMN shop_marks.name IS 'digest and size: the last part of its address';
