-- owns: rare_changes, request_keys, setbacks

-- name: version_of_rare
SELECT coalesce(sum(number), 0)::text FROM rare_changes

-- name: lock_key
SELECT pg_advisory_xact_lock(hashtextextended(%(key)s::uuid::text, 2))

-- name: used_keys
SELECT key, fingerprint, answer FROM request_keys WHERE key = ANY(%(keys)s::uuid [])

-- name: keep_keys
INSERT INTO request_keys (key, fingerprint, answer, asked_at)
SELECT k.key, decode(k.fingerprint, 'hex'), k.answer, %(now)s
FROM jsonb_to_recordset(%(keys)s::jsonb) AS k (key uuid, fingerprint text, answer jsonb)
ORDER BY k.key

-- name: forget_keys
DELETE FROM request_keys
WHERE key IN (SELECT key FROM request_keys WHERE asked_at < %(before)s ORDER BY asked_at LIMIT %(limit)s)

-- name: note_setback
INSERT INTO setbacks AS s (queue, item, tries, error, first_at, next_try_at)
VALUES (%(queue)s, %(item)s, 1, %(error)s, %(now)s, %(now)s::timestamptz + interval '5 seconds')
ON CONFLICT (queue, item) DO UPDATE
SET tries = s.tries + 1, error = excluded.error,
    next_try_at = %(now)s::timestamptz + least(5 * 2 ^ least(s.tries, 20), 3600) * interval '1 second'

-- name: end_setbacks
DELETE FROM setbacks WHERE queue = %(queue)s AND item = ANY(%(items)s)

-- name: tried
SELECT item, next_try_at > %(now)s AS rests FROM setbacks WHERE queue = %(queue)s

-- name: setbacks
SELECT queue, item, tries, error, first_at, next_try_at FROM setbacks ORDER BY first_at, queue, item LIMIT %(limit)s

-- name: try_now
UPDATE setbacks SET next_try_at = %(now)s WHERE queue = %(queue)s AND item = %(item)s

-- name: forget_setbacks
DELETE FROM setbacks WHERE next_try_at < %(before)s
