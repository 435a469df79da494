-- owns: staff, staff_sessions, staff_sign_in_failures

-- name: lock_founding
SELECT pg_advisory_xact_lock(6007, hashtext(current_schema()))

-- name: anybody
SELECT EXISTS (SELECT FROM staff)

-- name: insert_staff
INSERT INTO staff (id, email, name, role, password_hash, must_change_password, one_time_until, created_at)
VALUES (%(id)s, %(email)s, %(name)s, %(role)s, %(password_hash)s, true, %(now)s::timestamptz + interval '24 hours', %(now)s)
ON CONFLICT (email) DO NOTHING

-- fragment: staff
id, email, name, role, password_hash, must_change_password, one_time_until, created_at, disabled_at

-- name: by_email
SELECT {staff} FROM staff WHERE email = %(email)s

-- name: locked
SELECT {staff} FROM staff WHERE id = %(id)s FOR UPDATE

-- name: lock_owners
-- All of them, in order: two owners who disable each other at once must not both succeed.
SELECT id FROM staff WHERE role = 'owner' AND disabled_at IS NULL ORDER BY id FOR UPDATE

-- name: all_staff
SELECT id, email, name, role, '' AS password_hash, must_change_password, one_time_until, created_at, disabled_at
FROM staff ORDER BY disabled_at IS NOT NULL, name, id LIMIT 500

-- name: names
SELECT id, name FROM staff WHERE id = ANY(%(ids)s)

-- name: set_password
UPDATE staff SET
    password_hash = %(password_hash)s, must_change_password = %(must_change)s, one_time_until = %(until)s,
    disabled_at = NULL
WHERE id = %(id)s

-- name: disable
UPDATE staff SET disabled_at = %(now)s WHERE id = %(id)s AND disabled_at IS NULL

-- name: set_role
UPDATE staff SET role = %(role)s WHERE id = %(id)s

-- name: insert_session
INSERT INTO staff_sessions (token_hash, staff_id, created_at, expires_at)
VALUES (%(token_hash)s, %(staff_id)s, %(now)s, %(expires_at)s)

-- name: session
SELECT s.staff_id, p.email, p.name, p.role, p.must_change_password
FROM staff_sessions AS s
INNER JOIN staff AS p ON p.id = s.staff_id
WHERE s.token_hash = %(token_hash)s AND s.expires_at > %(now)s AND p.disabled_at IS NULL

-- name: end_session
DELETE FROM staff_sessions WHERE token_hash = %(token_hash)s

-- name: end_sessions_of
DELETE FROM staff_sessions WHERE staff_id = %(staff_id)s

-- name: sweep_sessions
DELETE FROM staff_sessions WHERE token_hash IN (
    SELECT token_hash FROM staff_sessions WHERE expires_at <= %(now)s ORDER BY expires_at LIMIT 1000
)

-- name: sweep_attempts
DELETE FROM staff_sign_in_failures WHERE id IN (
    SELECT id FROM staff_sign_in_failures WHERE failed_at <= %(before)s ORDER BY failed_at LIMIT 1000
)

-- name: lock_key
SELECT pg_advisory_xact_lock(6008, hashtext(current_schema() || %(key)s))

-- name: most_attempts
-- The fuller of the keys decides.
SELECT coalesce(max(n), 0) FROM (
    SELECT count(*) AS n FROM staff_sign_in_failures
    WHERE key = ANY(%(keys)s) AND failed_at > %(since)s GROUP BY key
) AS counted

-- name: insert_attempts
INSERT INTO staff_sign_in_failures (id, key, failed_at)
SELECT a.id, a.key, %(now)s FROM jsonb_to_recordset(%(attempts)s::jsonb) AS a (id uuid, key text)

-- name: forgive
-- Who proved to be themselves starts anew; for the network only this attempt is taken back.
DELETE FROM staff_sign_in_failures WHERE key = %(key)s OR id = ANY(%(ids)s)
