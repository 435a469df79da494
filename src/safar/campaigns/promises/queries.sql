-- owns: promises

-- name: promising
-- Campaigns whose offer stood at some time; a promise needs one.
SELECT id, reply_seconds, variant_id, started_at, closed_at FROM campaigns
WHERE id = ANY(%(ids)s) AND started_at IS NOT NULL

-- name: order_lines
SELECT order_id, variant_id, quantity FROM order_lines WHERE order_id = ANY(%(ids)s)

-- name: make_promises
INSERT INTO promises (id, campaign_id, customer_id, kind, state, subject_id, due_at, made_at, ended_at)
SELECT p.id, p.campaign_id, p.customer_id, p.kind, p.state, p.subject_id, p.due_at, p.made_at, p.ended_at
FROM jsonb_to_recordset(%(promises)s::jsonb) AS p (
    id uuid, campaign_id uuid, customer_id uuid, kind text, state text, subject_id uuid, due_at timestamptz,
    made_at timestamptz, ended_at timestamptz
)
ON CONFLICT (id) DO NOTHING
RETURNING id

-- name: answer_promises
-- An answer in time keeps everything asked before it. One that is late breaks nothing by itself: an earlier
-- one may still be told of; settle_due decides.
WITH met AS MATERIALIZED (
    SELECT p.id, min(a.at) AS answered_at
    FROM jsonb_to_recordset(%(answers)s::jsonb) AS a (conversation_id uuid, at timestamptz)
    JOIN promises AS p
        ON p.subject_id = a.conversation_id AND p.state = 'made' AND p.kind = 'reply'
        AND a.at BETWEEN p.made_at AND p.due_at
    GROUP BY p.id
), locked AS MATERIALIZED (
    SELECT p.id FROM promises AS p WHERE p.id IN (SELECT id FROM met) AND p.state = 'made'
    ORDER BY p.id
    FOR UPDATE
)
UPDATE promises AS p
SET state = 'kept', ended_at = m.answered_at
FROM locked AS l JOIN met AS m ON m.id = l.id WHERE p.id = l.id AND p.state = 'made'
RETURNING p.id, p.campaign_id, p.customer_id, p.kind, p.state, p.subject_id

-- name: settle_due
-- Due by the clock. The journal is asked once more: an answer in time counts, whenever it was noticed.
WITH due AS MATERIALIZED (
    SELECT id, customer_id, subject_id, made_at, due_at FROM promises
    WHERE state = 'made' AND due_at < %(before)s
    ORDER BY due_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
), settled AS (
    SELECT
        d.id, d.due_at,
        (
            SELECT min(e.at) FROM journal_events AS e
            WHERE e.customer_id = d.customer_id AND e.name = 'message.sent' AND e.subject_id = d.subject_id
                AND e.properties ->> 'author' IN ('bot', 'staff') AND e.at BETWEEN d.made_at AND d.due_at
        ) AS answered_at
    FROM due AS d
)
UPDATE promises AS p
SET state = CASE WHEN s.answered_at IS NULL THEN 'broken' ELSE 'kept' END,
    ended_at = coalesce(s.answered_at, s.due_at)
FROM settled AS s WHERE p.id = s.id AND p.state = 'made'
RETURNING p.id, p.campaign_id, p.customer_id, p.kind, p.state, p.subject_id
