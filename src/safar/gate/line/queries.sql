-- owns: gate_calls, gate_leavers, gate_visits

-- name: calls
SELECT first, last, claimed, %(open_s)s - open_s AS age_s FROM gate_calls
WHERE site_id = %(site_id)s ORDER BY first

-- name: visits
SELECT id, number, arrived_at, admitted_at FROM gate_visits WHERE id = ANY(%(ids)s)

-- name: issue
-- One statement for the whole batch of arrivals; newcomers use up the pace as those who are called do.
UPDATE gate_sites
SET issued = issued + %(issued)s, admitted = admitted + %(admitted)s, allowance = allowance - %(newcomers)s
WHERE id = %(id)s

-- name: add_visits
INSERT INTO gate_visits (id, site_id, number, arrived_at, admitted_at, network, ends_at)
SELECT
    v.id, %(site_id)s, v.number, %(now)s, CASE WHEN v.number IS NULL THEN %(now)s::timestamptz END, v.network,
    v.ends_at
FROM jsonb_to_recordset(%(visits)s::jsonb) AS v (id uuid, number bigint, network text, ends_at timestamptz)

-- name: places_of_networks
SELECT
    n.network,
    (
        SELECT count(*) FROM (
            SELECT 1 FROM gate_visits AS v
            WHERE v.site_id = %(site_id)s AND v.network = n.network AND v.ends_at > %(now)s
            LIMIT %(most)s
        ) AS counted
    ) AS places
FROM unnest(%(networks)s::text []) AS n (network)

-- name: admit
UPDATE gate_visits AS v
SET admitted_at = %(now)s, ends_at = a.ends_at
FROM jsonb_to_recordset(%(visits)s::jsonb) AS a (id uuid, ends_at timestamptz)
WHERE v.id = a.id

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
    observed_s = %(observed_s)s, open_s = %(open_s)s, admitted_at_step = admitted, allowance = %(allowance)s,
    stepped_at = %(now)s
WHERE id = %(id)s

-- name: add_call
INSERT INTO gate_calls (site_id, first, last, open_s) VALUES (%(site_id)s, %(first)s, %(last)s, %(open_s)s)

-- name: end_calls
DELETE FROM gate_calls WHERE site_id = %(site_id)s AND first = ANY(%(firsts)s)

-- name: set_capacity
UPDATE gate_sites SET capacity = %(capacity)s WHERE id = %(id)s

-- name: set_ended
UPDATE gate_sites SET ended_at = %(ended_at)s, ended_reason = %(reason)s WHERE id = %(id)s

-- name: kept
SELECT id, kept_until, renewed_at FROM gate_visits WHERE id = ANY(%(ids)s)

-- name: keep
UPDATE gate_visits AS v
SET kept_until = k.kept_until, ends_at = k.kept_until, renewed_at = %(now)s
FROM jsonb_to_recordset(%(kept)s::jsonb) AS k (id uuid, kept_until timestamptz)
WHERE v.id = k.id

-- name: forget_newest
UPDATE gate_visits SET kept_until = NULL WHERE id = ANY(%(ids)s)

-- name: leave_soon
INSERT INTO gate_leavers (visit_id, left_at)
SELECT v.id, %(now)s FROM unnest(%(ids)s::uuid []) AS v (id)
ON CONFLICT (visit_id) DO UPDATE SET left_at = excluded.left_at

-- name: come_back
DELETE FROM gate_leavers WHERE visit_id = ANY(%(ids)s)

-- name: leavers
SELECT l.visit_id FROM gate_leavers AS l
WHERE
    l.left_at <= %(before)s
    AND NOT EXISTS (
        SELECT FROM setbacks AS s
        WHERE s.queue = 'gate.leavers' AND s.item = l.visit_id::text AND s.next_try_at > %(now)s
    )
ORDER BY l.left_at
LIMIT %(limit)s

-- name: take_leavers
DELETE FROM gate_leavers WHERE visit_id = ANY(%(ids)s) AND left_at <= %(before)s RETURNING visit_id

-- name: end_visits
-- By the database's clock, as `left_lately` reads it: the clocks of the machines may differ.
UPDATE gate_visits SET left_at = clock_timestamp(), ends_at = least(ends_at, %(now)s)
WHERE id = ANY(%(ids)s)

-- name: networks
SELECT id, network, networks FROM gate_visits WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE

-- name: set_networks
UPDATE gate_visits AS v
SET networks = n.networks
FROM jsonb_to_recordset(%(visits)s::jsonb) AS n (id uuid, networks text [])
WHERE v.id = n.id

-- name: left_lately
SELECT id FROM gate_visits
WHERE left_at > clock_timestamp() - make_interval(secs => %(seconds)s) AND admitted_at IS NOT NULL

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
