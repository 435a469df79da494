-- name: write_note
INSERT INTO conversation_notes (id, conversation_id, staff_id, text, at)
VALUES (%(id)s, %(conversation_id)s, %(staff_id)s, %(text)s, %(at)s)
ON CONFLICT (id) DO NOTHING

-- name: write_mentions
INSERT INTO note_mentions (note_id, staff_id, conversation_id)
SELECT %(note_id)s, s.id, %(conversation_id)s FROM unnest(%(staff_ids)s::uuid []) AS s (id)

-- name: notes_of
SELECT n.id, n.text, n.at, s.name AS staff_name,
    ARRAY(
        SELECT t.name FROM note_mentions AS m INNER JOIN staff AS t ON t.id = m.staff_id
        WHERE m.note_id = n.id ORDER BY t.name
    ) AS mentioned
FROM conversation_notes AS n
INNER JOIN staff AS s ON s.id = n.staff_id
WHERE n.conversation_id = %(conversation_id)s
    AND (%(since)s::timestamptz IS NULL OR n.at >= %(since)s)
    AND (%(before)s::timestamptz IS NULL OR n.at < %(before)s)
ORDER BY n.at DESC, n.id DESC
LIMIT %(limit)s

-- name: see_mentions
UPDATE note_mentions SET seen_at = %(now)s
WHERE conversation_id = %(conversation_id)s AND staff_id = %(staff_id)s AND seen_at IS NULL

-- name: mentions_of
-- Where colleagues ask for somebody: newest first.
SELECT c.id AS conversation_id, u.name AS customer_name, s.name AS by_name, n.text, n.at
FROM note_mentions AS m
INNER JOIN conversation_notes AS n ON n.id = m.note_id
INNER JOIN conversations AS c ON c.id = m.conversation_id
INNER JOIN customers AS u ON u.id = c.customer_id
INNER JOIN staff AS s ON s.id = n.staff_id
WHERE m.staff_id = %(staff_id)s AND m.seen_at IS NULL
ORDER BY n.at DESC
LIMIT %(limit)s

-- name: wait_for_reply
-- Until whoever sends in this conversation has committed.
SELECT id FROM conversations WHERE id = %(conversation_id)s FOR KEY SHARE

-- name: keep_draft
-- Not after its words were sent, however late it comes.
INSERT INTO conversation_drafts (conversation_id, staff_id, text, send_to, kept_at)
SELECT %(conversation_id)s, %(staff_id)s, %(text)s, %(send_to)s, %(now)s
WHERE NOT EXISTS (SELECT FROM messages WHERE id = %(message_id)s)
ON CONFLICT (conversation_id, staff_id) DO UPDATE
SET text = excluded.text, send_to = excluded.send_to, kept_at = excluded.kept_at

-- name: drop_draft
DELETE FROM conversation_drafts WHERE conversation_id = %(conversation_id)s AND staff_id = %(staff_id)s

-- name: draft_of
SELECT text, send_to, kept_at FROM conversation_drafts
WHERE conversation_id = %(conversation_id)s AND staff_id = %(staff_id)s

-- name: saved_replies
SELECT r.id, r.shortcut, coalesce(jsonb_object_agg(w.language, w.text) FILTER (WHERE w.language IS NOT NULL), '{}') AS words
FROM saved_replies AS r
LEFT JOIN saved_reply_words AS w ON w.reply_id = r.id
GROUP BY r.id
ORDER BY r.shortcut
LIMIT %(limit)s

-- name: save_reply
INSERT INTO saved_replies (id, shortcut, changed_at) VALUES (%(id)s, %(shortcut)s, %(now)s)
ON CONFLICT (id) DO UPDATE SET shortcut = excluded.shortcut, changed_at = excluded.changed_at

-- name: shortcut_taken
SELECT id FROM saved_replies WHERE shortcut = %(shortcut)s AND id <> %(id)s

-- name: forget_reply_words
DELETE FROM saved_reply_words WHERE reply_id = %(id)s

-- name: save_reply_words
INSERT INTO saved_reply_words (reply_id, language, text)
SELECT %(id)s, w.key, w.value FROM jsonb_each_text(%(words)s::jsonb) AS w

-- name: forget_reply
DELETE FROM saved_replies WHERE id = %(id)s RETURNING shortcut

-- name: was_said
SELECT EXISTS (SELECT FROM messages WHERE id = %(message_id)s AND body = %(text)s)
