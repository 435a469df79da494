-- name: a_level_is_the_sum_of_its_moves
SELECT l.variant_id, l.location_id, a.on_hand, m.units
FROM stock_levels AS l
JOIN capacity_accounts AS a ON a.id = l.account_id
LEFT JOIN LATERAL (
    SELECT coalesce(sum(CASE WHEN to_location_id = l.location_id THEN quantity ELSE -quantity END), 0) AS units
    FROM stock_moves
    WHERE variant_id = l.variant_id AND l.location_id IN (from_location_id, to_location_id)
) AS m ON true
WHERE a.on_hand <> m.units

-- name: an_account_holds_what_its_live_holds_say
SELECT a.id, a.held, sum(line.quantity)
FROM capacity_accounts AS a
LEFT JOIN (
    SELECT unnest(account_ids) AS account_id, unnest(quantities) AS quantity
    FROM capacity_holds WHERE state = 'live'
) AS line ON line.account_id = a.id
GROUP BY a.id
HAVING a.held <> coalesce(sum(line.quantity), 0)

-- name: nothing_is_promised_that_is_not_there
SELECT id FROM capacity_accounts WHERE on_hand - held < -backorder OR held < 0

-- name: what_was_sold_left_its_shelf_once
-- Per variant and shelf: what stands in orders that are kept is what lies in "sold, not yet shipped" beside it
-- plus what has left it.
SELECT coalesce(o.variant_id, m.variant_id), o.units, m.units
FROM (
    SELECT g.variant_id, sum(g.quantity) AS units
    FROM order_goods AS g JOIN orders AS o ON o.id = g.order_id
    WHERE o.state NOT IN ('placed', 'cancelled')
    GROUP BY 1
) AS o
FULL JOIN (
    SELECT m.variant_id, sum(CASE WHEN t.kind = 'outgoing' THEN m.quantity ELSE -m.quantity END) AS units
    FROM stock_moves AS m
    JOIN stock_locations AS f ON f.id = m.from_location_id
    JOIN stock_locations AS t ON t.id = m.to_location_id
    WHERE
        (t.kind = 'outgoing' AND f.kind IN ('warehouse', 'store', 'allocation'))
        OR (f.kind = 'outgoing' AND t.kind IN ('warehouse', 'store', 'allocation'))
    GROUP BY 1
) AS m ON m.variant_id = o.variant_id
WHERE coalesce(o.units, 0) <> coalesce(m.units, 0)

-- name: an_order_takes_from_shelves_what_was_bought
-- (Without kits.)
SELECT l.order_id, l.variant_id, l.quantity - l.given_up, sum(g.quantity)
FROM order_lines AS l
LEFT JOIN order_goods AS g ON g.order_id = l.order_id AND g.variant_id = l.variant_id
WHERE l.variant_id NOT IN (SELECT id FROM variants WHERE is_kit)
GROUP BY l.order_id, l.variant_id, l.quantity, l.given_up
HAVING l.quantity - l.given_up <> coalesce(sum(g.quantity), 0)

-- name: a_kept_order_has_claimed_its_units
SELECT o.id, o.state, h.state
FROM orders AS o
LEFT JOIN capacity_holds AS h ON h.id = o.hold_id
WHERE o.state NOT IN ('placed', 'cancelled') AND h.state IS DISTINCT FROM 'claimed'

-- name: a_claimed_hold_belongs_to_a_kept_order
SELECT h.id, o.state
FROM capacity_holds AS h
LEFT JOIN orders AS o ON o.hold_id = h.id
WHERE h.purpose = 'order' AND h.state = 'claimed' AND (o.id IS NULL OR o.state = 'placed')

-- name: a_cancelled_order_holds_nothing
SELECT o.id FROM orders AS o
JOIN capacity_holds AS h ON h.id = o.hold_id
WHERE o.state = 'cancelled' AND h.state = 'live'

-- name: no_payment_is_left_open
SELECT p.order_id, p.state, o.state FROM payments AS p JOIN orders AS o ON o.id = p.order_id
WHERE p.state IN ('started', 'owed') OR o.state = 'placed'

-- name: who_has_paid_has_an_order_or_the_money_back
-- By the test card's own book: what it took and did not give back.
SELECT c.key, o.state, c.amount_minor, r.back
FROM test_card_charges AS c
JOIN orders AS o ON o.id = c.key
LEFT JOIN LATERAL (
    SELECT coalesce(sum(amount_minor), 0) AS back FROM test_card_refunds WHERE charge = c.key
) AS r ON true
WHERE
    (c.outcome = 'paid' AND o.state = 'cancelled' AND r.back <> c.amount_minor)
    OR (o.state NOT IN ('placed', 'cancelled') AND (c.outcome <> 'paid' OR r.back > 0))

-- name: nobody_is_charged_for_nothing
SELECT o.id, o.state, p.state FROM orders AS o
JOIN payments AS p ON p.order_id = o.id
LEFT JOIN test_card_charges AS c ON c.key = o.id
WHERE p.provider = 'test' AND p.state = 'paid' AND c.key IS NULL

-- name: an_order_is_told_once
SELECT subject_id, name, count(*) FROM journal_events
WHERE name IN ('order.placed', 'order.confirmed', 'order.cancelled')
GROUP BY 1, 2
HAVING count(*) > 1

-- name: a_kept_order_was_told
SELECT o.id FROM orders AS o
WHERE o.state NOT IN ('placed', 'cancelled')
    AND NOT EXISTS (SELECT 1 FROM journal_events AS e WHERE e.subject_id = o.id AND e.name = 'order.confirmed')

-- name: no_deadlocks
SELECT datname, deadlocks FROM pg_stat_database WHERE datname = current_database() AND deadlocks > 0
