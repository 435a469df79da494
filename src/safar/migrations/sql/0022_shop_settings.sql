-- The shop's own data (owner/facts.py declares it): name, address, tax number, hours, promises.
CREATE TABLE shop_settings (
    key text PRIMARY KEY,
    value jsonb NOT NULL,
    changed_at timestamptz NOT NULL
);

-- What the pages of the shop said of it until now.
INSERT INTO shop_settings (key, value, changed_at)
SELECT key, CASE key WHEN 'address' THEN to_jsonb(ARRAY[words]) ELSE to_jsonb(words) END, changed_at
FROM shop_words
WHERE language = '' AND key IN ('email', 'phone', 'address', 'country');
DELETE FROM shop_words WHERE language = '' AND key IN ('email', 'phone', 'address', 'country');
