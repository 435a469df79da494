-- owns: capacity_accounts, capacity_holds

-- name: lock_accounts
-- In the order of their ids, so that two batches never wait for each other in a circle.
SELECT id, on_hand, held, backorder, reserve FROM capacity_accounts
WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE

-- name: lock_accounts_of_holds
SELECT id FROM capacity_accounts
WHERE id = ANY(ARRAY(SELECT unnest(account_ids) FROM capacity_holds WHERE id = ANY(%(ids)s)))
ORDER BY id
FOR UPDATE

-- name: try_accounts_of_holds
SELECT id FROM capacity_accounts
WHERE id = ANY(ARRAY(SELECT unnest(account_ids) FROM capacity_holds WHERE id = ANY(%(ids)s)))
ORDER BY id
FOR UPDATE SKIP LOCKED

-- name: lock_both
SELECT id FROM capacity_accounts
WHERE
    id = ANY(%(account_ids)s)
    OR id IN (SELECT unnest(account_ids) FROM capacity_holds WHERE id = ANY(%(hold_ids)s::uuid []))
ORDER BY id
FOR UPDATE

-- name: try_accounts
-- As lock_accounts, past those that another transaction has locked.
SELECT id, on_hand, held, backorder, reserve FROM capacity_accounts
WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE SKIP LOCKED

-- name: try_both
SELECT id FROM capacity_accounts
WHERE
    id = ANY(%(account_ids)s)
    OR id IN (SELECT unnest(account_ids) FROM capacity_holds WHERE id = ANY(%(hold_ids)s::uuid []))
ORDER BY id
FOR UPDATE SKIP LOCKED

-- name: holds
-- Read after the accounts are locked: whoever ends a hold locks its accounts first.
SELECT id, state, account_ids, quantities, purpose, customer_id, campaign_id, expires_at
FROM capacity_holds WHERE id = ANY(%(ids)s::uuid [])

-- name: insert_holds
INSERT INTO capacity_holds
(id, state, account_ids, quantities, purpose, customer_id, campaign_id, placed_at, expires_at, ended_at)
SELECT
    h.id, %(state)s, h.account_ids, h.quantities, h.purpose, h.customer_id, h.campaign_id, %(now)s, h.expires_at,
    %(ended_at)s
FROM jsonb_to_recordset(%(holds)s::jsonb) AS h (
    id uuid, account_ids bigint [], quantities bigint [], purpose text, customer_id uuid, campaign_id uuid,
    expires_at timestamptz
)

-- name: change_accounts
UPDATE capacity_accounts AS a
SET on_hand = a.on_hand + c.on_hand, held = a.held + c.held
FROM jsonb_to_recordset(%(changes)s::jsonb) AS c (id bigint, on_hand bigint, held bigint)
WHERE a.id = c.id AND a.id = ANY(%(ids)s)

-- name: end_holds
UPDATE capacity_holds SET state = %(state)s, ended_at = %(now)s WHERE id = ANY(%(ids)s) AND state = 'live'

-- name: due_holds
SELECT h.expires_at, h.id FROM capacity_holds AS h
WHERE
    h.state = 'live' AND h.expires_at <= %(now)s
    AND (%(after)s::timestamptz IS NULL OR (h.expires_at, h.id) > (%(after)s, %(after_id)s::uuid))
    AND NOT EXISTS (
        SELECT FROM setbacks AS s
        WHERE s.queue = 'capacity.expire' AND s.item = h.id::text AND s.next_try_at > %(now)s
    )
ORDER BY h.expires_at, h.id
LIMIT %(limit)s

-- name: extend_holds
UPDATE capacity_holds AS h
SET expires_at = greatest(h.expires_at, e.expires_at)
FROM jsonb_to_recordset(%(extensions)s::jsonb) AS e (id uuid, expires_at timestamptz)
WHERE h.id = e.id AND h.state = 'live' AND h.expires_at > %(now)s
RETURNING h.id, h.expires_at

-- name: open_account
INSERT INTO capacity_accounts (kind, key, backorder) VALUES (%(kind)s, %(key)s, %(backorder)s)
ON CONFLICT (kind, key) DO UPDATE SET kind = excluded.kind
RETURNING id

-- name: open_accounts
INSERT INTO capacity_accounts (kind, key, on_hand)
SELECT %(kind)s, a.key, a.on_hand
FROM jsonb_to_recordset(%(accounts)s::jsonb) AS a (key text, on_hand bigint)
ORDER BY a.key
ON CONFLICT (kind, key) DO NOTHING

-- name: account_ids
SELECT key, id FROM capacity_accounts WHERE kind = %(kind)s AND key = ANY(%(keys)s)

-- name: accounts
SELECT id, kind, key, on_hand, held, backorder, reserve FROM capacity_accounts WHERE id = ANY(%(ids)s)

-- name: set_limits
-- A backorder that is in use stays as large as it is used: promises made under it hold.
UPDATE capacity_accounts AS a
SET reserve = l.reserve, backorder = greatest(l.backorder, a.held - a.on_hand)
FROM jsonb_to_recordset(%(limits)s::jsonb) AS l (account_id bigint, reserve bigint, backorder bigint)
WHERE a.id = l.account_id

-- name: recount
-- The ledger checked against its own holds: rows only where a cached figure is wrong.
SELECT a.id, a.kind, a.key, a.on_hand, a.held, a.backorder, a.reserve
FROM capacity_accounts AS a
LEFT JOIN (
    SELECT line.account_id, sum(line.quantity) AS held
    FROM capacity_holds AS h
    CROSS JOIN LATERAL unnest(h.account_ids, h.quantities) AS line (account_id, quantity)
    WHERE h.state = 'live'
    GROUP BY line.account_id
) AS live ON live.account_id = a.id
WHERE a.held <> coalesce(live.held, 0) OR a.on_hand - a.held < -a.backorder
