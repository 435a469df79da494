-- owns: stock_demand, stock_forecasts, stock_reorder_rules, stock_replenish_runs, stock_replenish_state
-- owns: stock_suggestions, stock_watchers

-- name: state
SELECT counted_until, reviewed_until, reviewed_all_at, told_at FROM stock_replenish_state

-- name: lock_state
SELECT counted_until, reviewed_until, reviewed_all_at, told_at FROM stock_replenish_state FOR UPDATE

-- name: first_move_day
SELECT (min(at) AT TIME ZONE %(zone)s)::date FROM stock_moves

-- name: count_demand
-- The moves of some days, as what each variant sold. Units in quarantine are not on our shelves here: nobody
-- can buy them. What is sold goes to `outgoing` and from there to the customer: it is counted the first time.
INSERT INTO stock_demand (variant_id, day, sold, returned, change)
SELECT m.variant_id, m.day, sum(m.sold), sum(m.returned), sum(m.change)
FROM (
    SELECT
        m.variant_id,
        (m.at AT TIME ZONE %(zone)s)::date AS day,
        CASE WHEN f.own AND (t.kind = 'outgoing' OR t.kind = 'customer') THEN m.quantity ELSE 0 END AS sold,
        CASE
            WHEN (f.kind = 'outgoing' AND t.own) OR (f.kind = 'customer' AND t.kind <> 'outgoing') THEN m.quantity
            ELSE 0
        END AS returned,
        m.quantity * (t.own::int - f.own::int) AS change
    FROM stock_moves AS m
    INNER JOIN (
        SELECT id, kind, kind IN ('warehouse', 'store', 'allocation') AS own FROM stock_locations
    ) AS f ON f.id = m.from_location_id
    INNER JOIN (
        SELECT id, kind, kind IN ('warehouse', 'store', 'allocation') AS own FROM stock_locations
    ) AS t ON t.id = m.to_location_id
    WHERE m.at >= %(start)s AND m.at < %(end)s
) AS m
GROUP BY m.variant_id, m.day
HAVING bool_or(m.sold <> 0 OR m.returned <> 0 OR m.change <> 0)
ORDER BY m.variant_id, m.day
ON CONFLICT (variant_id, day) DO UPDATE
SET sold = excluded.sold, returned = excluded.returned, change = excluded.change

-- name: set_counted
UPDATE stock_replenish_state SET counted_until = %(day)s

-- name: set_reviewed
UPDATE stock_replenish_state SET reviewed_until = %(at)s

-- name: set_reviewed_all
UPDATE stock_replenish_state SET reviewed_until = %(at)s, reviewed_all_at = %(at)s

-- name: on_hand
-- By variant, over our own shelves.
SELECT l.variant_id, sum(a.on_hand)::bigint
FROM stock_levels AS l
INNER JOIN capacity_accounts AS a ON a.id = l.account_id
INNER JOIN stock_locations AS s ON s.id = l.location_id
WHERE s.kind IN ('warehouse', 'store', 'allocation')
GROUP BY l.variant_id

-- name: all_demand
SELECT variant_id, day, sold, returned, change FROM stock_demand
WHERE day >= %(since)s
ORDER BY variant_id, day

-- name: demand_of
SELECT day, sold, returned, change FROM stock_demand
WHERE variant_id = %(variant_id)s AND day >= %(since)s
ORDER BY day

-- name: save_forecasts
INSERT INTO stock_forecasts
(variant_id, made_at, demand, model, week_mean, week_deviation, weeks, error, naive_error)
SELECT
    f.variant_id, %(now)s, f.demand, f.model, f.week_mean, f.week_deviation, f.weeks, f.error, f.naive_error
FROM jsonb_to_recordset(%(forecasts)s::jsonb) AS f (
    variant_id uuid, demand text, model text, week_mean double precision, week_deviation double precision,
    weeks bigint, error double precision, naive_error double precision
)
ORDER BY f.variant_id
ON CONFLICT (variant_id) DO UPDATE
SET made_at = excluded.made_at, demand = excluded.demand, model = excluded.model,
week_mean = excluded.week_mean, week_deviation = excluded.week_deviation, weeks = excluded.weeks,
error = excluded.error, naive_error = excluded.naive_error

-- name: forget_forecasts
-- Of what has had no demand in all the time that a forecast looks at.
DELETE FROM stock_forecasts WHERE made_at < %(before)s

-- name: forecast_of
SELECT variant_id, demand, model, week_mean, week_deviation, weeks, error, naive_error
FROM stock_forecasts WHERE variant_id = %(variant_id)s

-- name: candidates
-- The next variants that could need something, or do not need it any more.
SELECT v.id
FROM variants AS v
WHERE
    v.id > %(after)s
    AND (
        EXISTS (SELECT 1 FROM stock_forecasts AS f WHERE f.variant_id = v.id)
        OR EXISTS (SELECT 1 FROM stock_reorder_rules AS r WHERE r.variant_id = v.id)
        OR EXISTS (SELECT 1 FROM stock_suggestions AS s WHERE s.variant_id = v.id)
    )
ORDER BY v.id
LIMIT %(limit)s

-- name: standings
SELECT
    v.id AS variant_id, v.sku, v.title,
    coalesce(f.week_mean, 0) AS week_mean, coalesce(f.week_deviation, 0) AS week_deviation,
    r.reorder_point AS fixed_point, r.order_up_to AS fixed_up_to, coalesce(r.minimum_units, 1) AS minimum_units,
    r.service_percent, l.on_hand, l.held, l.reserve, (p.units + t.units)::bigint AS incoming,
    i.supplier_id, i.cost_minor, i.currency, coalesce(i.pack_size, 1) AS pack_size, i.lead_days
FROM catalogue_variants AS v
LEFT JOIN stock_forecasts AS f ON f.variant_id = v.id
LEFT JOIN stock_reorder_rules AS r ON r.variant_id = v.id
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(a.on_hand), 0)::bigint AS on_hand, coalesce(sum(a.held), 0)::bigint AS held,
        coalesce(sum(a.reserve), 0)::bigint AS reserve
    FROM stock_levels AS l
    INNER JOIN capacity_accounts AS a ON a.id = l.account_id
    INNER JOIN stock_locations AS s ON s.id = l.location_id
    WHERE l.variant_id = v.id AND s.kind IN ('warehouse', 'store') AND s.active
) AS l
CROSS JOIN LATERAL (
    SELECT coalesce(sum(n.quantity - n.received), 0) AS units
    FROM purchase_order_lines AS n
    INNER JOIN purchase_orders AS o ON o.id = n.order_id
    WHERE n.variant_id = v.id AND n.received < n.quantity AND o.state IN ('draft', 'sent', 'partly_received')
) AS p
CROSS JOIN LATERAL (
    SELECT coalesce(sum(n.quantity - n.arrived - n.lost), 0) AS units
    FROM stock_transfer_lines AS n
    INNER JOIN stock_transfers AS o ON o.id = n.transfer_id
    INNER JOIN stock_locations AS s ON s.id = o.to_location_id
    WHERE
        n.variant_id = v.id AND n.arrived + n.lost < n.quantity AND o.state = 'sent'
        AND s.kind IN ('warehouse', 'store') AND s.active
) AS t
LEFT JOIN LATERAL (
    SELECT
        i.supplier_id, i.cost_minor, s.currency, i.pack_size, coalesce(i.lead_days, s.lead_days) AS lead_days
    FROM supplier_items AS i
    INNER JOIN suppliers AS s ON s.id = i.supplier_id
    WHERE i.variant_id = v.id AND s.active
    ORDER BY (i.supplier_id = r.supplier_id) DESC NULLS LAST, i.cost_minor, s.lead_days, i.supplier_id
    LIMIT 1
) AS i ON true
WHERE v.id = ANY(%(ids)s) AND v.published AND NOT v.is_kit AND NOT coalesce(r.paused, false)
ORDER BY v.id

-- name: moved_since
SELECT DISTINCT variant_id FROM stock_moves WHERE at > %(since)s LIMIT %(limit)s

-- name: insert_suggestions
-- In the order of their ids: what is there already is brought up to date by the next statement.
INSERT INTO stock_suggestions (
    variant_id, supplier_id, quantity, cost_minor, currency, on_hand, held, incoming, reserve, reorder_point,
    order_up_to, week_mean, week_deviation, service_percent, lead_days, pack_size, days_left, low_since
)
SELECT
    s.variant_id, s.supplier_id, s.quantity, s.cost_minor, s.currency, s.on_hand, s.held, s.incoming, s.reserve,
    s.reorder_point, s.order_up_to, s.week_mean, s.week_deviation, s.service_percent, s.lead_days, s.pack_size,
    s.days_left, s.low_since
FROM jsonb_to_recordset(%(suggestions)s::jsonb) AS s (
    variant_id uuid, supplier_id uuid, quantity bigint, cost_minor bigint, currency text, on_hand bigint,
    held bigint, incoming bigint, reserve bigint, reorder_point bigint, order_up_to bigint,
    week_mean double precision, week_deviation double precision, service_percent double precision,
    lead_days bigint, pack_size bigint, days_left double precision, low_since timestamptz
)
ORDER BY s.variant_id
ON CONFLICT (variant_id) DO NOTHING
RETURNING variant_id

-- name: update_suggestions
UPDATE stock_suggestions AS u
SET
    supplier_id = s.supplier_id, quantity = s.quantity, cost_minor = s.cost_minor, currency = s.currency,
    on_hand = s.on_hand, held = s.held, incoming = s.incoming, reserve = s.reserve,
    reorder_point = s.reorder_point, order_up_to = s.order_up_to, week_mean = s.week_mean,
    week_deviation = s.week_deviation, service_percent = s.service_percent, lead_days = s.lead_days,
    pack_size = s.pack_size, days_left = s.days_left
FROM jsonb_to_recordset(%(suggestions)s::jsonb) AS s (
    variant_id uuid, supplier_id uuid, quantity bigint, cost_minor bigint, currency text, on_hand bigint,
    held bigint, incoming bigint, reserve bigint, reorder_point bigint, order_up_to bigint,
    week_mean double precision, week_deviation double precision, service_percent double precision,
    lead_days bigint, pack_size bigint, days_left double precision
)
WHERE
    u.variant_id = s.variant_id
    AND (
        u.supplier_id, u.quantity, u.cost_minor, u.on_hand, u.held, u.incoming, u.reorder_point, u.order_up_to,
        u.week_mean
    ) IS DISTINCT FROM (
        s.supplier_id, s.quantity, s.cost_minor, s.on_hand, s.held, s.incoming, s.reorder_point, s.order_up_to,
        s.week_mean
    )

-- name: end_suggestions
-- Of those looked at, the ones that need nothing any more.
DELETE FROM stock_suggestions WHERE variant_id = ANY(%(ids)s) AND NOT variant_id = ANY(%(low)s)

-- fragment: suggestion
s.variant_id, v.sku, v.title, s.supplier_id, s.quantity, s.cost_minor, s.currency, s.on_hand, s.held,
s.incoming, s.reserve, s.reorder_point, s.order_up_to, s.week_mean, s.week_deviation, s.service_percent,
s.lead_days, s.pack_size, s.days_left, s.low_since

-- name: suggestions
-- Of one supplier (or of none), what is needed first; after the last one seen.
SELECT {suggestion} FROM (
    SELECT * FROM stock_suggestions
    WHERE
        coalesce(supplier_id, '00000000-0000-0000-0000-000000000000') = %(supplier_id)s
        AND (coalesce(days_left, 0), variant_id) > (%(after_days)s, %(after_id)s)
    ORDER BY coalesce(days_left, 0), variant_id
    LIMIT %(limit)s
) AS s
INNER JOIN variants AS v ON v.id = s.variant_id
ORDER BY coalesce(s.days_left, 0), s.variant_id

-- name: suggestion_of
SELECT {suggestion} FROM stock_suggestions AS s
INNER JOIN variants AS v ON v.id = s.variant_id
WHERE s.variant_id = %(variant_id)s

-- name: groups
-- The suggestions by supplier, the most urgent first.
SELECT
    s.supplier_id, p.name AS supplier, count(*) AS articles, sum(s.quantity)::bigint AS units,
    coalesce(sum(s.quantity * s.cost_minor), 0)::bigint AS cost_minor, max(s.currency) AS currency,
    min(coalesce(s.days_left, 0)) AS days_left, max(s.lead_days) AS lead_days
FROM stock_suggestions AS s
LEFT JOIN suppliers AS p ON p.id = s.supplier_id
GROUP BY s.supplier_id, p.name
ORDER BY s.supplier_id IS NULL, min(coalesce(s.days_left, 0)), p.name
LIMIT %(limit)s

-- name: take_untold
-- What nobody was told of yet: who reads this writes to them in the same transaction.
UPDATE stock_suggestions AS s
SET told_at = %(now)s
FROM variants AS v
WHERE
    v.id = s.variant_id
    AND s.variant_id IN (
        SELECT variant_id FROM stock_suggestions WHERE told_at IS NULL ORDER BY low_since LIMIT %(limit)s
    )
RETURNING
    s.variant_id, v.sku, v.title, s.supplier_id,
    (SELECT name FROM suppliers WHERE id = s.supplier_id) AS supplier, s.on_hand - s.held AS free, s.incoming,
    s.reorder_point, s.quantity, s.days_left, s.low_since

-- name: untold
SELECT EXISTS (SELECT 1 FROM stock_suggestions WHERE told_at IS NULL)

-- name: set_told
UPDATE stock_replenish_state SET told_at = %(at)s

-- name: rule_of
SELECT variant_id, reorder_point, order_up_to, minimum_units, service_percent, supplier_id, paused
FROM stock_reorder_rules WHERE variant_id = %(variant_id)s

-- name: set_rules
INSERT INTO stock_reorder_rules (
    variant_id, reorder_point, order_up_to, minimum_units, service_percent, supplier_id, paused, changed_at
)
SELECT
    r.variant_id, r.reorder_point, r.order_up_to, r.minimum_units, r.service_percent, r.supplier_id, r.paused,
    %(now)s
FROM jsonb_to_recordset(%(rules)s::jsonb) AS r (
    variant_id uuid, reorder_point bigint, order_up_to bigint, minimum_units bigint,
    service_percent double precision, supplier_id uuid, paused boolean
)
ORDER BY r.variant_id
ON CONFLICT (variant_id) DO UPDATE
SET reorder_point = excluded.reorder_point, order_up_to = excluded.order_up_to,
minimum_units = excluded.minimum_units, service_percent = excluded.service_percent,
supplier_id = excluded.supplier_id, paused = excluded.paused, changed_at = excluded.changed_at

-- name: watchers
SELECT supplier_id, staff_id FROM stock_watchers

-- name: set_watcher
INSERT INTO stock_watchers (supplier_id, staff_id) VALUES (%(supplier_id)s, %(staff_id)s)
ON CONFLICT (supplier_id) DO UPDATE SET staff_id = excluded.staff_id
WHERE stock_watchers.staff_id <> excluded.staff_id

-- name: unset_watcher
DELETE FROM stock_watchers WHERE supplier_id = %(supplier_id)s

-- name: latest_run
SELECT id, asked_at, started_at, ended_at, error, series, low, staff_id
FROM stock_replenish_runs ORDER BY asked_at DESC LIMIT 1

-- name: open_run
INSERT INTO stock_replenish_runs (id, asked_at, staff_id) VALUES (%(id)s, %(now)s, %(staff_id)s)
ON CONFLICT (id) DO NOTHING
RETURNING id

-- name: begin_run
UPDATE stock_replenish_runs SET started_at = %(now)s, ended_at = NULL, error = NULL WHERE id = %(id)s

-- name: end_run
UPDATE stock_replenish_runs SET ended_at = %(now)s, error = %(error)s, series = %(series)s, low = %(low)s
WHERE id = %(id)s
