-- name: fast
-- For this session: the rows below are right by construction, and are checked afterwards by a recount.
SET session_replication_role = replica; SET statement_timeout = 0; SET work_mem = '256MB';
SET maintenance_work_mem = '512MB'; SET synchronous_commit = off

-- name: products
INSERT INTO products (id, slug, title, description, category, searchable, created_at)
SELECT
    ('10000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'article-' || i,
    w.title || ' ' || i, '', 'home', lower(w.title) || ' ' || i || ' s' || lpad((2 * i)::text, 6, '0') || ' s'
    || lpad((2 * i + 1)::text, 6, '0'), now()
FROM generate_series(0, %(variants)s / 2 - 1) AS i
CROSS JOIN LATERAL (
    SELECT
        (ARRAY['Red', 'Blue', 'Green', 'Oak', 'Tin', 'Glass', 'Wool', 'Linen'])[1 + i %% 8] || ' '
        || (ARRAY['mug', 'clock', 'lamp', 'basket', 'frame', 'tray', 'rug', 'vase', 'bowl'])[1 + i %% 9] AS title
) AS w

-- name: variants
INSERT INTO variants (id, product_id, sku, title, price_minor, currency, barcode)
SELECT
    ('20000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid,
    ('10000000-0000-7000-8000-' || lpad(to_hex(i / 2), 12, '0'))::uuid, 'S' || lpad(i::text, 6, '0'), p.title,
    495 + i %% 5000, 'GBP', '2' || lpad(i::text, 12, '0')
FROM generate_series(0, %(variants)s - 1) AS i
INNER JOIN products AS p ON p.id = ('10000000-0000-7000-8000-' || lpad(to_hex(i / 2), 12, '0'))::uuid

-- name: locations
INSERT INTO stock_locations (id, name, kind, created_at)
SELECT ('30000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'Store ' || i, 'store', now()
FROM generate_series(1, 4) AS i

-- name: moves
-- Two years: a few articles sell most (the share of the rank), three in four sales from the main warehouse, now
-- and then a transfer to a store or a return. Ids in the order of time, as they come in life.
INSERT INTO stock_moves (id, at, variant_id, from_location_id, to_location_id, quantity, reason, document)
SELECT
    lpad(to_hex(n), 32, '0')::uuid, %(now)s::timestamptz - interval '730 days' + n * (interval '729 days' / %(moves)s),
    ('20000000-0000-7000-8000-' || lpad(to_hex(r.rank), 12, '0'))::uuid,
    CASE WHEN r.kind < 0.74 THEN %(main)s WHEN r.kind < 0.94 THEN s.store WHEN r.kind < 0.97 THEN %(main)s ELSE %(customer)s END,
    CASE WHEN r.kind < 0.94 THEN %(customer)s WHEN r.kind < 0.97 THEN s.store ELSE %(main)s END,
    CASE WHEN r.kind BETWEEN 0.94 AND 0.97 THEN 6 ELSE 1 + (r.size * r.size * 4)::bigint END,
    CASE WHEN r.kind < 0.94 THEN 'sold' WHEN r.kind < 0.97 THEN 'to the store' ELSE 'returned' END, 'O-' || n
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
CROSS JOIN LATERAL (
    SELECT
        floor(%(variants)s * power(random(), 2.2))::bigint AS rank, random() AS kind,
        random() AS size, n AS here
) AS r
CROSS JOIN LATERAL (
    SELECT ('30000000-0000-7000-8000-' || lpad(to_hex(1 + r.rank %% 4), 12, '0'))::uuid AS store
) AS s

-- name: levels
-- Every article in the main warehouse and in one store.
WITH places AS (
    SELECT v.id AS variant_id, p.location_id
    FROM variants AS v
    CROSS JOIN LATERAL (
        SELECT %(main)s::uuid AS location_id
        UNION ALL
        SELECT ('30000000-0000-7000-8000-' || lpad(to_hex(1 + substr(v.sku, 2)::bigint %% 4), 12, '0'))::uuid
    ) AS p
), accounts AS (
    INSERT INTO capacity_accounts (kind, key)
    SELECT 'units', variant_id || ':' || location_id FROM places
    RETURNING id, key
)
INSERT INTO stock_levels (variant_id, location_id, account_id)
SELECT split_part(key, ':', 1)::uuid, split_part(key, ':', 2)::uuid, id FROM accounts

-- name: deliveries
-- What had come before all that, so that no level is below zero: a level ends with 0 to 79 units.
INSERT INTO stock_moves (id, at, variant_id, from_location_id, to_location_id, quantity, reason, document)
SELECT
    ('f0000000-0000-7000-8000-' || lpad(to_hex(row_number() OVER ()), 12, '0'))::uuid,
    %(now)s::timestamptz - interval '731 days', l.variant_id, %(supplier)s, l.location_id,
    greatest(-coalesce(m.moved, 0), 0) + 1 + abs(hashtext(l.account_id::text)) %% 80, 'delivery', 'D-1'
FROM stock_levels AS l
LEFT JOIN (
    SELECT e.variant_id, e.location_id, sum(e.units) AS moved
    FROM (
        SELECT variant_id, to_location_id AS location_id, quantity AS units FROM stock_moves
        UNION ALL
        SELECT variant_id, from_location_id, -quantity FROM stock_moves
    ) AS e
    GROUP BY e.variant_id, e.location_id
) AS m ON m.variant_id = l.variant_id AND m.location_id = l.location_id

-- name: accounts
UPDATE capacity_accounts AS a
SET on_hand = m.moved, held = CASE WHEN m.moved > 3 THEN a.id %% 3 ELSE 0 END
FROM stock_levels AS l
INNER JOIN (
    SELECT e.variant_id, e.location_id, sum(e.units) AS moved
    FROM (
        SELECT variant_id, to_location_id AS location_id, quantity AS units FROM stock_moves
        UNION ALL
        SELECT variant_id, from_location_id, -quantity FROM stock_moves
    ) AS e
    GROUP BY e.variant_id, e.location_id
) AS m ON m.variant_id = l.variant_id AND m.location_id = l.location_id
WHERE a.id = l.account_id

-- name: suppliers
INSERT INTO suppliers (id, name, lead_days, currency, created_at)
SELECT ('40000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'Supplier ' || i, 3 + i %% 30, 'GBP', now()
FROM generate_series(0, 199) AS i

-- name: items
INSERT INTO supplier_items (supplier_id, variant_id, supplier_sku, cost_minor, pack_size)
SELECT
    ('40000000-0000-7000-8000-' || lpad(to_hex(abs(hashtext(sku)) %% 200), 12, '0'))::uuid, id, 'X' || sku,
    price_minor / 2, 1 + abs(hashtext(sku)) %% 12
FROM variants

-- name: purchases
WITH orders AS (
    INSERT INTO purchase_orders
    (id, supplier_id, location_id, state, currency, expected_on, fingerprint, created_at, sent_at)
    SELECT
        ('50000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid,
        ('40000000-0000-7000-8000-' || lpad(to_hex(i %% 200), 12, '0'))::uuid, %(main)s,
        CASE WHEN i < 19000 THEN 'received' WHEN i < 19900 THEN 'sent' ELSE 'draft' END, 'GBP',
        (%(now)s::timestamptz + interval '7 days')::date, 'x', %(now)s::timestamptz - interval '10 days',
        %(now)s::timestamptz - interval '9 days'
    FROM generate_series(0, 19999) AS i
    RETURNING id, state
)
INSERT INTO purchase_order_lines (order_id, variant_id, quantity, received, cost_minor)
SELECT DISTINCT ON (o.id, v.rank)
    o.id, ('20000000-0000-7000-8000-' || lpad(to_hex(v.rank), 12, '0'))::uuid, 12,
    CASE WHEN o.state = 'received' THEN 12 ELSE 0 END, 250
FROM orders AS o
CROSS JOIN LATERAL (
    SELECT abs(hashtext(o.id::text || n)) %% %(variants)s AS rank FROM generate_series(1, 12) AS n
) AS v

-- name: transfers
WITH transfers AS (
    INSERT INTO stock_transfers
    (id, from_location_id, to_location_id, state, expected_on, fingerprint, created_at)
    SELECT
        ('60000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, %(main)s,
        '30000000-0000-7000-8000-000000000001', CASE WHEN i < 4900 THEN 'arrived' ELSE 'sent' END,
        (%(now)s::timestamptz + interval '2 days')::date, 'x', %(now)s::timestamptz - interval '3 days'
    FROM generate_series(0, 4999) AS i
    RETURNING id, state
)
INSERT INTO stock_transfer_lines (transfer_id, variant_id, quantity, arrived)
SELECT DISTINCT ON (t.id, v.rank)
    t.id, ('20000000-0000-7000-8000-' || lpad(to_hex(v.rank), 12, '0'))::uuid, 6,
    CASE WHEN t.state = 'arrived' THEN 6 ELSE 0 END
FROM transfers AS t
CROSS JOIN LATERAL (
    SELECT abs(hashtext(t.id::text || n)) %% %(variants)s AS rank FROM generate_series(1, 8) AS n
) AS v

-- name: counts
-- Sixty full sheets, ten of them open.
WITH counts AS (
    INSERT INTO stock_counts (id, location_id, state, created_at)
    SELECT
        ('70000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, %(main)s,
        CASE WHEN i < 50 THEN 'cancelled' ELSE 'open' END, %(now)s::timestamptz - interval '1 day'
    FROM generate_series(0, 59) AS i
    RETURNING id
)
INSERT INTO stock_count_lines (count_id, variant_id, sku)
SELECT c.id, v.id, v.sku
FROM counts AS c
CROSS JOIN (SELECT id, sku FROM variants ORDER BY sku LIMIT %(count_lines)s) AS v

-- name: lots
WITH lots AS (
    INSERT INTO stock_lots (id, variant_id, code, expires_on, created_at)
    SELECT
        ('80000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid,
        ('20000000-0000-7000-8000-' || lpad(to_hex(i %% %(variants)s), 12, '0'))::uuid, 'L' || i,
        (%(now)s::timestamptz)::date - 30 + i %% 700, now()
    FROM generate_series(0, 49999) AS i
    RETURNING id, expires_on
)
INSERT INTO stock_lot_levels (lot_id, location_id, expires_on, units)
SELECT id, %(main)s, expires_on, 1 + abs(hashtext(id::text)) %% 20 FROM lots

-- name: settle
VACUUM ANALYZE

-- name: done
RESET session_replication_role; RESET statement_timeout; RESET work_mem; RESET maintenance_work_mem;
RESET synchronous_commit
