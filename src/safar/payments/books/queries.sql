-- owns: order_credits, payment_notices, payment_receipts, refunds

-- fragment: account
p.order_id, o.number, o.state AS order_state, p.provider, p.method, p.state, p.amount_minor, p.currency,
p.reference, p.reason, p.data, p.redirect, p.expires_at, p.captured_minor, p.carried_minor, p.refunding_minor,
p.refunded_minor, o.customer_id, o.campaign_id, o.name, o.email, o.language, o.placed_at,
o.held_until, o.longer_until

-- name: accounts
SELECT {account} FROM payments AS p
INNER JOIN orders AS o ON o.id = p.order_id
WHERE p.order_id = ANY(%(ids)s)

-- name: lock_accounts
-- In the order of the orders' ids, as everything that changes a payment does.
SELECT {account} FROM payments AS p
INNER JOIN orders AS o ON o.id = p.order_id
WHERE p.order_id = ANY(%(ids)s)
ORDER BY o.id
FOR UPDATE OF o

-- name: keep_started
UPDATE payments AS p
SET data = s.data, redirect = s.redirect, expires_at = s.expires_at, rest_until = s.rest_until
FROM jsonb_to_recordset(%(started)s::jsonb) AS s (
    order_id uuid, data jsonb, redirect text, expires_at timestamptz, rest_until timestamptz
)
WHERE p.order_id = s.order_id

-- name: open_payments
-- Those whose money is waited for, and those whose money was not asked back yet; asked the longest ago first.
SELECT order_id FROM payments
WHERE
    (
        state = 'started'
        OR (state = 'owed' AND refunding_minor < greatest(captured_minor, amount_minor))
        OR (state = 'failed' AND captured_minor > refunding_minor)
    )
    AND greatest(changed_at, rest_until) <= %(until)s
    AND NOT EXISTS (
        SELECT FROM setbacks AS s
        WHERE s.queue = 'shop.settle' AND s.item = payments.order_id::text AND s.next_try_at > %(now)s
    )
ORDER BY greatest(changed_at, rest_until)
LIMIT %(limit)s

-- name: rest
UPDATE payments AS p
SET rest_until = r.until
FROM jsonb_to_recordset(%(rests)s::jsonb) AS r (order_id uuid, until timestamptz)
WHERE p.order_id = r.order_id AND p.state IN ('started', 'owed', 'failed')

-- fragment: receipt
id, order_id, provider, amount_minor, currency, reference, named, staff_id, received_at, closed_at, closed_note,
doubt, payer

-- name: receipts
SELECT {receipt} FROM payment_receipts
WHERE id = ANY(%(ids)s)

-- name: receipts_of
SELECT {receipt} FROM payment_receipts
WHERE order_id = %(order_id)s
ORDER BY received_at, id

-- name: unknown_receipts
SELECT {receipt} FROM payment_receipts
WHERE order_id IS NULL AND closed_at IS NULL
ORDER BY received_at
LIMIT %(limit)s

-- name: lock_unknown_receipt
SELECT {receipt} FROM payment_receipts
WHERE id = %(id)s AND order_id IS NULL AND closed_at IS NULL
FOR UPDATE

-- name: insert_receipts
INSERT INTO payment_receipts
(id, order_id, provider, amount_minor, currency, reference, named, staff_id, received_at, doubt, payer)
SELECT id, order_id, provider, amount_minor, currency, reference, named, staff_id, %(now)s, doubt, payer
FROM jsonb_to_recordset(%(receipts)s::jsonb) AS r (
    id uuid, order_id uuid, provider text, amount_minor bigint, currency text, reference text, named text, staff_id uuid,
    doubt text, payer text
)
ON CONFLICT (id) DO NOTHING
RETURNING id

-- name: give_receipt
UPDATE payment_receipts SET order_id = %(order_id)s WHERE id = %(id)s

-- name: close_receipt
UPDATE payment_receipts SET closed_at = %(now)s, closed_note = %(note)s, staff_id = %(staff_id)s
WHERE id = %(id)s AND order_id IS NULL AND closed_at IS NULL

-- name: capture
UPDATE payments AS p
SET captured_minor = p.captured_minor + c.amount_minor
FROM jsonb_to_recordset(%(captured)s::jsonb) AS c (order_id uuid, amount_minor bigint)
WHERE p.order_id = c.order_id

-- fragment: refund
id, order_id, provider, amount_minor, currency, state, reason, problem, reference, staff_id, done_by, asked_at,
done_at, tries

-- name: refunds
SELECT {refund} FROM refunds
WHERE id = ANY(%(ids)s)

-- name: refunds_of
SELECT {refund} FROM refunds
WHERE order_id = %(order_id)s
ORDER BY asked_at, id

-- name: refund_tasks
SELECT
    r.id, r.order_id, r.provider, r.amount_minor, r.currency, r.state, r.reason, r.problem, r.asked_at, o.number,
    o.name, p.reference AS payment_reference
FROM refunds AS r
INNER JOIN orders AS o ON o.id = r.order_id
INNER JOIN payments AS p ON p.order_id = r.order_id
WHERE r.state <> 'done' AND (r.state <> 'asked' OR (r.tries >= %(tries)s AND r.problem IS NOT NULL))
ORDER BY r.asked_at
LIMIT %(limit)s

-- name: insert_refunds
INSERT INTO refunds (id, order_id, provider, amount_minor, currency, state, reason, staff_id, asked_at, next_try_at)
SELECT id, order_id, provider, amount_minor, currency, state, reason, staff_id, %(now)s, %(now)s
FROM jsonb_to_recordset(%(refunds)s::jsonb) AS r (
    id uuid, order_id uuid, provider text, amount_minor bigint, currency text, state text, reason text, staff_id uuid
)

-- name: add_refunding
UPDATE payments AS p
SET refunding_minor = p.refunding_minor + r.amount_minor
FROM jsonb_to_recordset(%(added)s::jsonb) AS r (order_id uuid, amount_minor bigint)
WHERE p.order_id = r.order_id

-- name: take_due_refunds
-- Whoever takes one has a minute for it; then another may.
UPDATE refunds AS r
SET next_try_at = %(again)s, tries = r.tries + 1
FROM (
    SELECT id FROM refunds
    WHERE state = 'asked' AND next_try_at <= %(now)s
    ORDER BY next_try_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
) AS due
INNER JOIN refunds AS d ON d.id = due.id
INNER JOIN payments AS p ON p.order_id = d.order_id
WHERE r.id = d.id
RETURNING
    r.id, r.order_id, r.provider, r.amount_minor, r.currency, r.reference, r.tries, r.failures,
    p.reference AS payment_reference, p.data

-- name: take_refunds_of
-- Those of one order that were never tried, for whoever just asked for them.
UPDATE refunds AS r
SET next_try_at = %(again)s, tries = r.tries + 1
FROM payments AS p
WHERE p.order_id = r.order_id AND r.order_id = %(order_id)s AND r.state = 'asked' AND r.tries = 0
RETURNING
    r.id, r.order_id, r.provider, r.amount_minor, r.currency, r.reference, r.tries, r.failures,
    p.reference AS payment_reference, p.data

-- name: end_refunds
UPDATE refunds AS r
SET state = e.state, reference = coalesce(e.reference, r.reference), problem = e.problem, done_by = e.staff_id,
    done_at = CASE WHEN e.state = 'done' THEN %(now)s END,
    failures = r.failures + (e.state = 'failed')::int
FROM jsonb_to_recordset(%(ended)s::jsonb) AS e (id uuid, state text, reference text, problem text, staff_id uuid)
WHERE r.id = e.id

-- name: postpone_refunds
UPDATE refunds AS r
SET next_try_at = p.next_try_at, problem = p.problem, reference = coalesce(p.reference, r.reference)
FROM jsonb_to_recordset(%(postponed)s::jsonb) AS p (id uuid, next_try_at timestamptz, problem text, reference text)
WHERE r.id = p.id AND r.state = 'asked'

-- name: retry_refund
UPDATE refunds SET state = 'asked', reference = NULL, next_try_at = %(now)s, tries = 0
WHERE id = %(id)s AND state = 'failed'

-- name: add_refunded
UPDATE payments AS p
SET refunded_minor = p.refunded_minor + r.amount_minor
FROM jsonb_to_recordset(%(added)s::jsonb) AS r (order_id uuid, amount_minor bigint)
WHERE p.order_id = r.order_id

-- name: all_refunded
-- An order that was kept and given back in full, as after a return.
UPDATE payments SET state = 'refunded', changed_at = %(now)s
WHERE
    order_id = ANY(%(ids)s) AND state = 'paid' AND refunded_minor >= greatest(captured_minor, amount_minor)
    AND amount_minor > 0

-- name: not_refunded_after_all
UPDATE payments AS p
SET state = CASE WHEN o.state = 'cancelled' THEN 'owed' ELSE 'paid' END, changed_at = %(now)s
FROM orders AS o
WHERE o.id = p.order_id AND p.order_id = ANY(%(ids)s) AND p.state = 'refunded'

-- name: waiting_by_hand
-- Payments that we learn of only when somebody looks into the bank account.
SELECT {account} FROM payments AS p
INNER JOIN orders AS o ON o.id = p.order_id
WHERE p.state = 'started' AND p.provider = ANY(%(providers)s) AND o.state = 'placed'
ORDER BY o.held_until
LIMIT %(limit)s

-- name: hear
INSERT INTO payment_notices (provider, external_id, kind, order_id, outcome, heard_at)
VALUES (%(provider)s, %(external_id)s, %(kind)s, %(order_id)s, %(outcome)s, %(now)s)
ON CONFLICT (provider, external_id) DO UPDATE
SET times = payment_notices.times + 1, outcome = excluded.outcome, order_id = excluded.order_id

-- name: notices
SELECT n.provider, n.external_id, n.kind, n.order_id, n.outcome, n.heard_at, n.times, o.number
FROM payment_notices AS n
LEFT JOIN orders AS o ON o.id = n.order_id
ORDER BY n.heard_at DESC
LIMIT %(limit)s

-- name: credits
SELECT order_id, from_order_id, amount_minor - gone_minor AS left_minor
FROM order_credits
WHERE order_id = ANY(%(ids)s) AND amount_minor > gone_minor
ORDER BY order_id, from_order_id

-- name: free_credits
UPDATE order_credits AS c
SET gone_minor = c.gone_minor + f.amount_minor
FROM jsonb_to_recordset(%(parts)s::jsonb) AS f (order_id uuid, from_order_id uuid, amount_minor bigint)
WHERE c.order_id = f.order_id AND c.from_order_id = f.from_order_id

-- name: add_credits
INSERT INTO order_credits (order_id, from_order_id, amount_minor)
SELECT order_id, from_order_id, amount_minor
FROM jsonb_to_recordset(%(parts)s::jsonb) AS c (order_id uuid, from_order_id uuid, amount_minor bigint)

-- name: add_carried
UPDATE payments AS p
SET carried_minor = p.carried_minor + c.amount_minor
FROM jsonb_to_recordset(%(parts)s::jsonb) AS c (order_id uuid, amount_minor bigint)
WHERE p.order_id = c.order_id

-- name: waive
WITH waived AS (
    UPDATE payments SET amount_minor = amount_minor - %(amount)s WHERE order_id = %(id)s AND state = 'due'
    RETURNING order_id
)

UPDATE orders AS o
SET total_minor = o.total_minor - %(amount)s, waived_minor = o.waived_minor + %(amount)s
FROM waived
WHERE o.id = waived.order_id

-- name: ask_after_all
-- What a credit was to pay is to be paid on delivery after all.
WITH asked AS (
    UPDATE payments SET amount_minor = amount_minor + %(amount)s WHERE order_id = %(id)s AND state = 'due'
    RETURNING order_id
)

UPDATE orders AS o
SET total_minor = o.total_minor + %(amount)s, credit_minor = o.credit_minor - %(amount)s
FROM asked
WHERE o.id = asked.order_id

-- name: entries
-- What came in and what went back in a time, oldest first. Paid on delivery counts on the day it arrived.
SELECT e.id, e.at, e.kind, e.number, e.name, e.amount_minor, e.currency, e.provider, e.reference, e.reason
FROM (
    SELECT r.id, r.received_at AS at, 'payment' AS kind, o.number, coalesce(o.name, r.payer) AS name, r.amount_minor,
        r.currency, r.provider, r.reference, '' AS reason
    FROM payment_receipts AS r
    LEFT JOIN orders AS o ON o.id = r.order_id
    WHERE r.received_at >= %(first)s AND r.received_at < %(end)s
    UNION ALL
    SELECT o.id, o.delivered_at, 'payment', o.number, o.name, p.amount_minor, p.currency, p.provider, '', ''
    FROM orders AS o
    INNER JOIN payments AS p ON p.order_id = o.id
    WHERE o.delivered_at >= %(first)s AND o.delivered_at < %(end)s AND p.captured_minor = 0 AND p.amount_minor > 0
        AND p.state IN ('paid', 'owed', 'refunded')
    UNION ALL
    SELECT f.id, f.done_at, 'refund', o.number, o.name, -f.amount_minor, f.currency, f.provider,
        coalesce(f.reference, ''), f.reason
    FROM refunds AS f
    INNER JOIN orders AS o ON o.id = f.order_id
    WHERE f.state = 'done' AND f.done_at >= %(first)s AND f.done_at < %(end)s
) AS e
WHERE (e.at, e.id) > (%(after_at)s, %(after_id)s)
ORDER BY e.at, e.id
LIMIT %(limit)s
