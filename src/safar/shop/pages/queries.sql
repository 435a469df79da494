-- name: messages
-- What one browser wrote and was told on the web, newest first.
SELECT m.author, m.body, m.at FROM messages AS m
WHERE m.channel_id = %(channel_id)s AND m.address = %(address)s
ORDER BY m.at DESC, m.id DESC
LIMIT %(limit)s
