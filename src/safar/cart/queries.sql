-- owns: cart_lines, carts

-- name: lock_carts
-- In the order of their ids. An ordered cart is never changed again.
SELECT id, ordered_at IS NOT NULL AS ordered FROM carts WHERE id = ANY(%(ids)s::uuid []) ORDER BY id FOR UPDATE

-- name: open_carts
INSERT INTO carts (id, customer_id, campaign_id, created_at, changed_at)
SELECT c.id, c.customer_id, c.campaign_id, %(now)s, %(now)s
FROM jsonb_to_recordset(%(carts)s::jsonb) AS c (id uuid, customer_id uuid, campaign_id uuid)
ORDER BY c.id

-- name: touch_carts
UPDATE carts SET changed_at = %(now)s WHERE id = ANY(%(ids)s::uuid [])

-- name: units_in_carts
SELECT cart_id, variant_id, quantity FROM cart_lines WHERE cart_id = ANY(%(ids)s::uuid [])

-- name: write_lines
INSERT INTO cart_lines (cart_id, variant_id, quantity, price_minor, currency, added_at)
SELECT l.cart_id, l.variant_id, l.quantity, l.price_minor, l.currency, %(now)s
FROM jsonb_to_recordset(%(lines)s::jsonb) AS l (
    cart_id uuid, variant_id uuid, quantity bigint, price_minor bigint, currency text
)
ON CONFLICT (cart_id, variant_id) DO UPDATE
SET quantity = excluded.quantity, price_minor = excluded.price_minor, currency = excluded.currency

-- name: remove_lines
DELETE FROM cart_lines AS l
USING jsonb_to_recordset(%(lines)s::jsonb) AS r (cart_id uuid, variant_id uuid)
WHERE l.cart_id = r.cart_id AND l.variant_id = r.variant_id

-- name: set_codes
UPDATE carts AS c
SET discount_code = s.code, changed_at = %(now)s
FROM jsonb_to_recordset(%(codes)s::jsonb) AS s (cart_id uuid, code text)
WHERE c.id = s.cart_id

-- name: baskets
-- What is in carts that were not ordered yet, in the order in which it was put there.
SELECT
    l.cart_id, c.discount_code, l.variant_id, l.quantity, l.price_minor AS seen_minor, l.currency AS seen_currency
FROM cart_lines AS l
INNER JOIN carts AS c ON c.id = l.cart_id
WHERE l.cart_id = ANY(%(ids)s::uuid []) AND c.ordered_at IS NULL
ORDER BY l.cart_id, l.added_at, l.variant_id

-- name: levels_in_carts
-- Of these variants and of all that is in these carts, each at least once, with the version of what changes rarely.
SELECT c.version, w.variant_id, l.location_id, l.account_id, l.on_hand, l.held, l.reserve, l.backorder
FROM (SELECT coalesce(sum(number), 0)::text AS version FROM rare_changes) AS c
CROSS JOIN (
    SELECT variant_id FROM cart_lines WHERE cart_id = ANY(%(ids)s::uuid [])
    UNION
    SELECT unnest(%(variant_ids)s::uuid [])
) AS w
LEFT JOIN LATERAL (
    SELECT s.location_id, s.account_id, a.on_hand, a.held, a.reserve, a.backorder
    FROM stock_levels AS s
    CROSS JOIN LATERAL (
        SELECT o.on_hand, o.held, o.reserve, o.backorder FROM capacity_accounts AS o
        WHERE o.id = s.account_id
        LIMIT 1
    ) AS a
    WHERE s.variant_id = w.variant_id
) AS l ON true
