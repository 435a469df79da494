-- owns: gate_loads, gate_lots, gate_sites

-- name: add_site
INSERT INTO gate_sites (id, key, account_id, capacity, stepped_at, kind, title, path, product_id, url, cookie_domain)
VALUES (
    %(id)s, %(key)s, %(account_id)s, %(capacity)s, %(now)s, %(kind)s, %(title)s, %(path)s, %(product_id)s, %(url)s,
    %(cookie_domain)s
)
ON CONFLICT DO NOTHING

-- fragment: site
id, key, account_id, capacity, issued, called, admitted, admitted_at_step, show_up, admitted_per_s,
observed_s, open_s, ended_at, stepped_at, kind, title, path, product_id, url, cookie_domain, removed_at, mode,
ended_reason, pace_per_minute, allowance, message, work, opens_at, opening_id, draw_hash, draw_base, joined,
drawn, drawn_at, adaptive, capacity_least, capacity_most, adaptive_limit, latency_ms, latency_long_ms,
adapted_at, invited_percent, invited_account_id, units_left, units_held

-- name: sites
SELECT {site} FROM gate_sites
WHERE CASE WHEN %(keys)s::text [] IS NULL THEN removed_at IS NULL ELSE key = ANY(%(keys)s) END
ORDER BY kind = 'shop' DESC, key

-- name: goods_rooms
SELECT product_id, key, path FROM gate_sites
WHERE removed_at IS NULL AND product_id IS NOT NULL AND path IS NOT NULL

-- name: lock_site
-- Always before the site's accounts, so that arrivals, admissions and steps never wait in a circle.
SELECT {site} FROM gate_sites WHERE key = %(key)s FOR UPDATE

-- name: set_mode
UPDATE gate_sites SET mode = %(mode)s WHERE id = %(id)s

-- name: set_pace
UPDATE gate_sites SET pace_per_minute = %(pace_per_minute)s, allowance = 0 WHERE id = %(id)s

-- name: set_message
UPDATE gate_sites SET message = %(message)s WHERE id = %(id)s

-- name: set_work
UPDATE gate_sites SET work = %(work)s WHERE id = %(id)s

-- name: set_adaptive
UPDATE gate_sites
SET adaptive = %(adaptive)s, capacity_least = %(least)s, capacity_most = %(most)s, adaptive_limit = capacity,
    latency_ms = 0, latency_long_ms = 0, adapted_at = NULL
WHERE id = %(id)s

-- name: set_invited
UPDATE gate_sites SET invited_percent = %(percent)s, invited_account_id = %(account_id)s WHERE id = %(id)s

-- name: set_removed
UPDATE gate_sites SET removed_at = %(removed_at)s WHERE id = %(id)s

-- name: bring_back
UPDATE gate_sites
SET removed_at = NULL, capacity = %(capacity)s, title = %(title)s, url = %(url)s, cookie_domain = %(cookie_domain)s,
    ended_at = NULL, ended_reason = NULL, mode = 'open', called = issued
WHERE id = %(id)s AND removed_at IS NOT NULL

-- name: note_units
UPDATE gate_sites SET units_left = %(left)s, units_held = %(held)s
WHERE id = %(id)s AND (units_left, units_held) IS DISTINCT FROM (%(left)s, %(held)s)

-- name: adapt
UPDATE gate_sites
SET capacity = %(capacity)s, adaptive_limit = %(limit)s, latency_ms = %(latency_ms)s,
    latency_long_ms = %(long_ms)s, adapted_at = %(now)s
WHERE id = %(id)s

-- name: report_load
INSERT INTO gate_loads (process_id, requests, latency_ms, measured_at)
VALUES (%(process_id)s, %(requests)s, %(latency_ms)s, %(now)s)
ON CONFLICT (process_id) DO UPDATE
SET requests = excluded.requests, latency_ms = excluded.latency_ms, measured_at = excluded.measured_at

-- name: load
-- Every process counts by how much it answered.
SELECT coalesce(sum(requests), 0)::bigint AS requests,
    coalesce(sum(requests * latency_ms) / nullif(sum(requests), 0), 0)::double precision AS latency_ms
FROM gate_loads WHERE measured_at > %(since)s

-- name: forget_loads
DELETE FROM gate_loads WHERE measured_at < %(before)s

-- name: set_opening
UPDATE gate_sites
SET opens_at = %(opens_at)s, opening_id = %(opening_id)s, draw_hash = %(draw_hash)s, work = %(work)s,
    joined = 0, drawn = 0, drawn_at = NULL
WHERE id = %(id)s

-- name: move_opening
UPDATE gate_sites SET opens_at = %(opens_at)s, work = %(work)s WHERE id = %(id)s

-- name: join_draw
INSERT INTO gate_lots (visit_id, site_id, opening_id, draw, joined_at)
SELECT l.visit_id, %(site_id)s, %(opening_id)s, l.draw, %(now)s
FROM jsonb_to_recordset(%(lots)s::jsonb) AS l (visit_id uuid, draw bigint)
ON CONFLICT DO NOTHING
RETURNING visit_id

-- name: count_joined
UPDATE gate_sites SET joined = joined + %(joined)s WHERE id = %(id)s

-- name: lots
SELECT visit_id AS id, joined_at FROM gate_lots WHERE visit_id = ANY(%(ids)s)

-- name: begin_draw
-- The numbers of the draw come before those of everybody who arrives from now on.
UPDATE gate_sites SET draw_base = issued, issued = issued + joined, drawn_at = %(now)s WHERE id = %(id)s

-- name: draw
-- The next ones in the order of the draw get the next numbers.
WITH next AS (
    SELECT visit_id, row_number() OVER (ORDER BY draw, visit_id) AS rank
    FROM gate_lots
    WHERE opening_id = %(opening_id)s
    ORDER BY draw, visit_id
    LIMIT %(limit)s
), taken AS (
    DELETE FROM gate_lots AS l
    USING next
    WHERE l.visit_id = next.visit_id
    RETURNING l.visit_id, next.rank
)
INSERT INTO gate_visits (id, site_id, number, arrived_at)
SELECT visit_id, %(site_id)s, %(after)s + rank, %(now)s FROM taken

-- name: count_drawn
UPDATE gate_sites SET drawn = drawn + %(drawn)s WHERE id = %(id)s
