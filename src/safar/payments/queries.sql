-- owns: payment_ways

-- name: ways
SELECT provider, enabled, currencies, countries, details, secrets, position FROM payment_ways

-- name: lock_secrets
SELECT provider, secrets FROM payment_ways WHERE secrets IS NOT NULL ORDER BY provider FOR UPDATE

-- name: keep_secrets
UPDATE payment_ways SET secrets = %(secrets)s WHERE provider = %(provider)s

-- name: switch_on
UPDATE payment_ways SET enabled = true WHERE provider = ANY(%(providers)s)

-- name: place_ways
-- In the order of their names.
UPDATE payment_ways AS w SET position = o.place
FROM unnest(%(providers)s::text []) WITH ORDINALITY AS o (provider, place)
WHERE w.provider = o.provider

-- name: save_way
INSERT INTO payment_ways (provider, enabled, currencies, countries, details, secrets, changed_at)
VALUES (
    %(provider)s, %(enabled)s, %(currencies)s, %(countries)s, %(details)s::jsonb, %(secrets)s, %(now)s
)
ON CONFLICT (provider) DO UPDATE
SET enabled = excluded.enabled, currencies = excluded.currencies, countries = excluded.countries,
    details = excluded.details, secrets = excluded.secrets, changed_at = excluded.changed_at
