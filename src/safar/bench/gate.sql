-- name: fill_queue
-- A held site: nobody is called, `count` visitors have numbers.
WITH site AS (
    UPDATE gate_sites
    SET issued = %(count)s, called = 0, mode = 'held', admitted_per_s = 40, observed_s = 100
    WHERE key = %(key)s
    RETURNING id
)
INSERT INTO gate_visits (id, site_id, number, arrived_at)
SELECT gen_random_uuid(), site.id, n.number, now()
FROM site
CROSS JOIN generate_series(1, %(count)s::bigint) AS n (number)
ON CONFLICT DO NOTHING
