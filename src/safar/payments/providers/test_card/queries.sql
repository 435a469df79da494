-- owns: test_card_charges, test_card_refunds

-- name: charge_test_card
INSERT INTO test_card_charges (key, amount_minor, currency, outcome, charged_at)
VALUES (%(key)s, %(amount_minor)s, %(currency)s, %(outcome)s, %(charged_at)s)
ON CONFLICT (key) DO NOTHING

-- name: test_card_charge
SELECT outcome, charged_at FROM test_card_charges WHERE key = %(key)s

-- name: refund_test_card
-- Never more than was charged, and once for each key; no row comes back for what is refused.
INSERT INTO test_card_refunds (key, charge, amount_minor)
SELECT %(key)s, c.key, %(amount_minor)s
FROM test_card_charges AS c
WHERE
    c.key = %(charge)s AND c.outcome <> 'declined'
    AND c.amount_minor >= %(amount_minor)s + (
        SELECT coalesce(sum(r.amount_minor), 0) FROM test_card_refunds AS r
        WHERE r.charge = c.key AND r.key <> %(key)s
    )
ON CONFLICT (key) DO UPDATE SET amount_minor = test_card_refunds.amount_minor
RETURNING key

-- name: lock_test_card_charge
SELECT key FROM test_card_charges WHERE key = %(key)s FOR UPDATE

-- name: end_test_card_charge
UPDATE test_card_charges AS c SET outcome = 'refunded'
WHERE
    c.key = %(key)s
    AND c.amount_minor <= (SELECT sum(r.amount_minor) FROM test_card_refunds AS r WHERE r.charge = c.key)
