-- owns: shop_settings, shop_marks

-- name: load
SELECT key, value FROM shop_settings

-- name: lock
SELECT key, value FROM shop_settings
WHERE key = ANY(%(keys)s)
ORDER BY key
FOR UPDATE

-- name: found
INSERT INTO shop_settings (key, value, changed_at)
SELECT e.key, e.value, %(now)s FROM jsonb_each(%(values)s::jsonb) AS e
ON CONFLICT (key) DO NOTHING

-- name: change
INSERT INTO shop_settings (key, value, changed_at)
SELECT e.key, e.value, %(now)s FROM jsonb_each(%(values)s::jsonb) AS e
ORDER BY e.key
ON CONFLICT (key) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at

-- name: keep_mark
INSERT INTO shop_marks (name, body, kept_at)
VALUES (%(name)s, %(body)s, %(now)s)
ON CONFLICT (name) DO NOTHING

-- name: mark
SELECT name, body FROM shop_marks
WHERE name = %(name)s
