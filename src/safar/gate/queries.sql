-- name: add_site
INSERT INTO gate_sites (id, key, account_id, capacity, stepped_at)
VALUES (%(id)s, %(key)s, %(account_id)s, %(capacity)s, %(now)s)
ON CONFLICT DO NOTHING

-- name: sites
SELECT id, key, account_id, capacity, issued, called, admitted, admitted_at_step, show_up, admitted_per_s,
    observed_s, open_s, ended_at, stepped_at
FROM gate_sites WHERE %(keys)s::text [] IS NULL OR key = ANY(%(keys)s) ORDER BY key

-- name: lock_site
-- Always before the site's account, so that arrivals, admissions and steps never wait in a circle.
SELECT id, key, account_id, capacity, issued, called, admitted, admitted_at_step, show_up, admitted_per_s,
    observed_s, open_s, ended_at, stepped_at
FROM gate_sites WHERE key = %(key)s FOR UPDATE

-- name: calls
SELECT first, last, claimed, %(open_s)s - open_s AS age_s FROM gate_calls
WHERE site_id = %(site_id)s ORDER BY first

-- name: visits
SELECT id, number, arrived_at, admitted_at FROM gate_visits WHERE id = ANY(%(ids)s)

-- name: issue
-- One statement for the whole batch of arrivals.
UPDATE gate_sites SET issued = issued + %(issued)s, admitted = admitted + %(admitted)s WHERE id = %(id)s

-- name: add_visits
INSERT INTO gate_visits (id, site_id, number, arrived_at, admitted_at)
SELECT v.id, %(site_id)s, v.number, %(now)s, CASE WHEN v.number IS NULL THEN %(now)s::timestamptz END
FROM jsonb_to_recordset(%(visits)s::jsonb) AS v (id uuid, number bigint)

-- name: admit
UPDATE gate_visits SET admitted_at = %(now)s WHERE id = ANY(%(ids)s)

-- name: count_claims
UPDATE gate_calls AS c
SET claimed = c.claimed + came.count
FROM (
    SELECT c2.first, count(*) AS count
    FROM unnest(%(numbers)s::bigint []) AS n (number)
    INNER JOIN gate_calls AS c2 ON c2.site_id = %(site_id)s AND n.number BETWEEN c2.first AND c2.last
    GROUP BY c2.first
) AS came
WHERE c.site_id = %(site_id)s AND c.first = came.first

-- name: step
UPDATE gate_sites
SET called = %(called)s, show_up = %(show_up)s, admitted_per_s = %(admitted_per_s)s,
    observed_s = %(observed_s)s, open_s = %(open_s)s, admitted_at_step = admitted, stepped_at = %(now)s
WHERE id = %(id)s

-- name: add_call
INSERT INTO gate_calls (site_id, first, last, open_s) VALUES (%(site_id)s, %(first)s, %(last)s, %(open_s)s)

-- name: end_calls
DELETE FROM gate_calls WHERE site_id = %(site_id)s AND first = ANY(%(firsts)s)

-- name: set_capacity
UPDATE gate_sites SET capacity = %(capacity)s WHERE id = %(id)s

-- name: set_ended
UPDATE gate_sites SET ended_at = %(ended_at)s WHERE id = %(id)s

-- name: admitted_by_minute
SELECT date_bin('1 minute', admitted_at, %(since)s) AS minute, count(*) AS admitted
FROM gate_visits
WHERE site_id = %(site_id)s AND admitted_at >= %(since)s
GROUP BY 1
ORDER BY 1

-- name: forget_visits
-- Older than any ticket that still opens.
DELETE FROM gate_visits WHERE id IN (
    SELECT id FROM gate_visits WHERE arrived_at < %(before)s ORDER BY arrived_at LIMIT %(limit)s
)
