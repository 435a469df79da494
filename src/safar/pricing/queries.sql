-- owns: discount_codes, shipping_methods, shipping_zones, tax_countries

-- name: tax_countries
SELECT country, included, shipping_class, rates FROM tax_countries ORDER BY country

-- name: zones
-- Every zone with its methods that are in use; a zone without any is a place we do not send to.
SELECT
    z.name, z.countries, z.postcodes,
    coalesce(jsonb_agg(to_jsonb(m)) FILTER (WHERE m.id IS NOT NULL), '[]') AS methods
FROM shipping_zones AS z
LEFT JOIN shipping_methods AS m ON m.zone_id = z.id AND m.active
GROUP BY z.id
ORDER BY z.created_at, z.id

-- fragment: discount
code, kind, value, currency, minimum_minor, category, starts_at, ends_at, uses_max, account_id, customers_once,
active, campaign_id, partner

-- name: discounts
SELECT {discount} FROM discount_codes
WHERE code = ANY(%(codes)s)

-- name: uses_taken
-- Of claimed holds the uses of codes, not the units of goods.
SELECT line.account_id, line.quantity
FROM capacity_holds AS h
CROSS JOIN LATERAL unnest(h.account_ids, h.quantities) AS line (account_id, quantity)
INNER JOIN capacity_accounts AS a ON a.id = line.account_id
WHERE h.id = ANY(%(hold_ids)s) AND h.state = 'claimed' AND a.kind = ANY(%(kinds)s)

-- name: uses_left
-- Of the uses that a hold had before it ended, those that nobody has taken since.
SELECT line.account_id, line.quantity
FROM capacity_holds AS h
CROSS JOIN LATERAL unnest(h.account_ids, h.quantities) AS line (account_id, quantity)
INNER JOIN capacity_accounts AS a ON a.id = line.account_id
WHERE h.id = %(hold_id)s AND a.kind = ANY(%(kinds)s) AND a.on_hand - a.held >= line.quantity

-- name: save_tax
INSERT INTO tax_countries (country, included, shipping_class, rates)
VALUES (%(country)s, %(included)s, %(shipping_class)s, %(rates)s)
ON CONFLICT (country) DO UPDATE
SET included = excluded.included, shipping_class = excluded.shipping_class, rates = excluded.rates

-- name: remove_tax
DELETE FROM tax_countries WHERE country = %(country)s

-- name: zones_listed
-- With every method, also those that are not in use.
SELECT
    z.id, z.name, z.countries, z.postcodes,
    coalesce(jsonb_agg(to_jsonb(m) ORDER BY m.key) FILTER (WHERE m.id IS NOT NULL), '[]') AS methods
FROM shipping_zones AS z
LEFT JOIN shipping_methods AS m ON m.zone_id = z.id
WHERE %(id)s::uuid IS NULL OR z.id = %(id)s
GROUP BY z.id
ORDER BY z.created_at, z.id
LIMIT 200

-- name: save_zone
INSERT INTO shipping_zones (id, name, countries, postcodes, created_at)
VALUES (%(id)s, %(name)s, %(countries)s, %(postcodes)s, %(now)s)
ON CONFLICT (id) DO UPDATE
SET name = excluded.name, countries = excluded.countries, postcodes = excluded.postcodes

-- name: remove_zone
WITH methods AS (DELETE FROM shipping_methods WHERE zone_id = %(id)s)
DELETE FROM shipping_zones WHERE id = %(id)s

-- name: save_method
INSERT INTO shipping_methods (
    id, zone_id, key, names, bands, currency, free_from_minor, days_least, days_most, active
)
VALUES (
    %(id)s, %(zone_id)s, %(key)s, %(names)s, %(bands)s, %(currency)s, %(free_from_minor)s, %(days_least)s,
    %(days_most)s, %(active)s
)
ON CONFLICT (zone_id, key) DO UPDATE
SET names = excluded.names, bands = excluded.bands, currency = excluded.currency,
free_from_minor = excluded.free_from_minor, days_least = excluded.days_least, days_most = excluded.days_most,
active = excluded.active

-- name: remove_method
DELETE FROM shipping_methods WHERE zone_id = %(zone_id)s AND key = %(key)s

-- name: lock_code
SELECT {discount} FROM discount_codes
WHERE code = %(code)s
FOR UPDATE

-- name: insert_code
INSERT INTO discount_codes (
    code, kind, value, currency, minimum_minor, category, starts_at, ends_at, uses_max, account_id, customers_once,
    active, campaign_id, partner, created_at
)
VALUES (
    %(code)s, %(kind)s, %(value)s, %(currency)s, %(minimum_minor)s, %(category)s, %(starts_at)s, %(ends_at)s,
    %(uses_max)s, %(account_id)s, %(customers_once)s, %(active)s, %(campaign_id)s, %(partner)s, %(now)s
)
ON CONFLICT (code) DO NOTHING

-- name: change_code
UPDATE discount_codes
SET kind = %(kind)s, value = %(value)s, currency = %(currency)s, minimum_minor = %(minimum_minor)s,
category = %(category)s, starts_at = %(starts_at)s, ends_at = %(ends_at)s, uses_max = %(uses_max)s,
account_id = %(account_id)s, customers_once = %(customers_once)s, active = %(active)s,
campaign_id = %(campaign_id)s, partner = %(partner)s
WHERE code = %(code)s
