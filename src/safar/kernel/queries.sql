-- name: take_keys
-- In the order of the keys; one that is being used waits here until that transaction ends.
INSERT INTO request_keys (key, fingerprint, asked_at)
SELECT k.key, decode(k.fingerprint, 'hex'), %(now)s
FROM jsonb_to_recordset(%(keys)s::jsonb) AS k (key uuid, fingerprint text)
ORDER BY k.key
ON CONFLICT (key) DO NOTHING
RETURNING key

-- name: kept
SELECT key, fingerprint, answer FROM request_keys WHERE key = ANY(%(keys)s)

-- name: keep_answers
UPDATE request_keys AS r
SET answer = a.answer
FROM jsonb_to_recordset(%(answers)s::jsonb) AS a (key uuid, answer jsonb)
WHERE r.key = a.key

-- name: release_keys
DELETE FROM request_keys WHERE key = ANY(%(keys)s)

-- name: forget_keys
DELETE FROM request_keys
WHERE key IN (SELECT key FROM request_keys WHERE asked_at < %(before)s ORDER BY asked_at LIMIT %(limit)s)
