-- name: more_memory
-- Hashing a row for each customer instead of sorting a million events; for this transaction only.
SET LOCAL work_mem = '96MB'

-- name: journeys
-- One row a customer, then each column packed into one value: a hundred thousand rows in a few milliseconds.
-- kind: the number of the stage an event leads to; 9 order refused (or its units gone while it was paid), 11 arrived and had to queue,
-- 12 admitted, 13 answered.
-- A browser that came by the link of a send goes on that send's way: the link was sent to one person, and
-- whoever opened it is counted as what came of it.
WITH opened AS (
    SELECT DISTINCT ON (visitor_id) visitor_id, sent_to
    FROM (
        SELECT (properties ->> 'visitor_id')::uuid AS visitor_id, customer_id AS sent_to, id
        FROM journal_events
        WHERE name = 'link.clicked' AND properties ? 'visitor_id'
            AND (%(campaign_id)s::uuid IS NULL OR campaign_id = %(campaign_id)s)
            AND at >= %(since)s AND at <= %(until)s
    ) AS clicks
    ORDER BY visitor_id, id
), told AS (
    SELECT
        coalesce(opened.sent_to, e.customer_id) AS customer_id, at, ARRAY[date_part('epoch', at), id] AS moment,
        CASE name
            WHEN 'send.sent' THEN 0
            WHEN 'product.viewed' THEN 1
            WHEN 'link.clicked' THEN 1
            WHEN 'visit.arrived' THEN CASE WHEN properties -> 'queued' = 'true' THEN 11 ELSE 1 END
            WHEN 'message.received' THEN 2
            WHEN 'cart.created' THEN 3
            WHEN 'checkout.started' THEN 3
            WHEN 'order.placed' THEN 3
            WHEN 'order.confirmed' THEN 4
            WHEN 'order.delivered' THEN 5
            WHEN 'order.refused' THEN 9
            WHEN 'order.cancelled' THEN
                CASE WHEN properties ->> 'reason' = 'sold_out_while_paying' THEN 9 END
            WHEN 'visit.admitted' THEN 12
            WHEN 'message.sent' THEN
                CASE WHEN properties ->> 'author' IN ('bot', 'staff') THEN 13 END
        END AS kind,
        CASE WHEN name = 'order.confirmed' THEN (properties ->> 'total_minor')::bigint ELSE 0 END AS minor
    FROM journal_events AS e
    LEFT JOIN opened ON opened.visitor_id = e.customer_id
    WHERE e.customer_id IS NOT NULL
        AND (%(campaign_id)s::uuid IS NULL OR campaign_id = %(campaign_id)s)
        AND at >= %(since)s AND at <= %(until)s
        AND name IN (
            'send.sent', 'product.viewed', 'link.clicked', 'visit.arrived', 'message.received', 'cart.created',
            'checkout.started', 'order.placed', 'order.confirmed', 'order.delivered', 'order.refused',
            'order.cancelled', 'visit.admitted', 'message.sent'
        )
    OFFSET 0
), journeys AS (
    SELECT
        min(moment) FILTER (WHERE kind = 0) AS discover,
        min(moment) FILTER (WHERE kind IN (1, 11)) AS visit,
        min(moment) FILTER (WHERE kind = 2) AS ask,
        min(moment) FILTER (WHERE kind IN (3, 9)) AS buy,
        min(moment) FILTER (WHERE kind = 4) AS receive,
        min(moment) FILTER (WHERE kind = 5) AS stay,
        date_part('epoch', max(at) FILTER (WHERE kind NOT IN (12, 13))) AS last_at,
        sum(minor)::bigint AS minor,
        CASE WHEN bool_or(kind = 9) THEN 1 ELSE 0 END
        + CASE
            WHEN max(at) FILTER (WHERE kind = 11) > coalesce(max(at) FILTER (WHERE kind = 12), '-infinity')
                THEN 2 ELSE 0
        END
        + CASE
            WHEN max(at) FILTER (WHERE kind = 2) > coalesce(max(at) FILTER (WHERE kind = 13), '-infinity')
                THEN 4 ELSE 0
        END AS causes
    FROM told WHERE kind IS NOT NULL
    GROUP BY customer_id
    HAVING bool_or(kind < 12)
    LIMIT %(limit)s
)
SELECT
    count(*) AS customers,
    string_agg(float8send(coalesce(discover[1], 'infinity')), '') AS discover_at,
    string_agg(float8send(coalesce(visit[1], 'infinity')), '') AS visit_at,
    string_agg(float8send(coalesce(ask[1], 'infinity')), '') AS ask_at,
    string_agg(float8send(coalesce(buy[1], 'infinity')), '') AS buy_at,
    string_agg(float8send(coalesce(receive[1], 'infinity')), '') AS receive_at,
    string_agg(float8send(coalesce(stay[1], 'infinity')), '') AS stay_at,
    string_agg(int8send(coalesce(discover[2], 0)::bigint), '') AS discover_id,
    string_agg(int8send(coalesce(visit[2], 0)::bigint), '') AS visit_id,
    string_agg(int8send(coalesce(ask[2], 0)::bigint), '') AS ask_id,
    string_agg(int8send(coalesce(buy[2], 0)::bigint), '') AS buy_id,
    string_agg(int8send(coalesce(receive[2], 0)::bigint), '') AS receive_id,
    string_agg(int8send(coalesce(stay[2], 0)::bigint), '') AS stay_id,
    string_agg(float8send(last_at), '') AS last_at,
    string_agg(int8send(minor), '') AS minor,
    string_agg(int8send(causes::bigint), '') AS causes
FROM journeys

-- name: campaigns
SELECT id, name, started_at FROM campaigns WHERE started_at IS NOT NULL ORDER BY started_at DESC LIMIT 100

-- name: counts
-- Everything a campaign's journal tells, counted by name and by what tells them apart.
SELECT
    name,
    CASE name
        WHEN 'send.skipped' THEN properties ->> 'reason'
        WHEN 'visit.arrived' THEN properties ->> 'queued'
        WHEN 'message.sent' THEN properties ->> 'author'
        WHEN 'campaign.started' THEN properties ->> 'audience'
        WHEN 'campaign.planned' THEN properties ->> 'audience'
    END AS detail,
    count(*) AS count, min(at) AS first_at, max(at) AS last_at
FROM journal_events
WHERE campaign_id = %(campaign_id)s
GROUP BY 1, 2

-- name: median_wait
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY (properties ->> 'waited_s')::double precision)
FROM journal_events
WHERE campaign_id = %(campaign_id)s AND name = 'visit.admitted' AND (properties ->> 'waited_s')::double precision > 0

-- name: units
-- The same units, read from four places: orders in the journal, claimed holds, moves, and the account.
WITH confirmed AS (
    SELECT subject_id, properties FROM journal_events
    WHERE campaign_id = %(campaign_id)s AND name = 'order.confirmed'
), moves AS (
    SELECT from_location_id, to_location_id, quantity FROM stock_moves
    WHERE variant_id = %(variant_id)s AND %(location_id)s IN (from_location_id, to_location_id)
), account AS (
    SELECT a.id, a.on_hand FROM stock_levels AS l JOIN capacity_accounts AS a ON a.id = l.account_id
    WHERE l.variant_id = %(variant_id)s AND l.location_id = %(location_id)s
)
SELECT
    coalesce((
        SELECT sum((line ->> 2)::bigint)
        FROM confirmed CROSS JOIN LATERAL jsonb_array_elements(properties -> 'lines') AS line
        WHERE line ->> 0 = %(variant_id)s::text AND line ->> 1 = %(location_id)s::text
    ), 0)::bigint AS ordered,
    coalesce((
        SELECT sum(line.quantity)
        FROM confirmed
        JOIN orders AS o ON o.id = confirmed.subject_id
        JOIN capacity_holds AS h ON h.id = o.hold_id AND h.state = 'claimed'
        CROSS JOIN LATERAL unnest(h.account_ids, h.quantities) AS line (account_id, quantity)
        JOIN account ON account.id = line.account_id
    ), 0)::bigint AS claimed,
    coalesce((SELECT sum(quantity) FROM moves WHERE to_location_id = %(sold)s), 0)::bigint AS moved_out,
    coalesce((SELECT sum(quantity) FROM moves WHERE from_location_id = %(sold)s), 0)::bigint AS moved_back,
    coalesce((SELECT sum(quantity) FROM moves WHERE from_location_id = %(main)s), 0)::bigint AS set_aside,
    coalesce((SELECT sum(quantity) FROM moves WHERE to_location_id = %(main)s), 0)::bigint AS returned,
    coalesce((SELECT on_hand FROM account), 0)::bigint AS on_hand

-- name: messages_lost
-- Messages the journal tells of that are not kept, and kept ones that the journal does not tell of.
WITH told AS (
    SELECT DISTINCT (properties ->> 'message_id')::uuid AS id FROM journal_events
    WHERE campaign_id = %(campaign_id)s AND name IN ('message.received', 'message.queued', 'message.sent')
        AND properties ? 'message_id'
), kept AS (
    SELECT m.id FROM messages AS m
    WHERE m.campaign_id = %(campaign_id)s
        AND m.customer_id IN (SELECT customer_id FROM sends WHERE campaign_id = %(campaign_id)s)
)
SELECT
    (SELECT count(*) FROM told WHERE NOT EXISTS (SELECT 1 FROM messages AS m WHERE m.id = told.id))
    + (SELECT count(*) FROM kept WHERE NOT EXISTS (SELECT 1 FROM told WHERE told.id = kept.id))

-- name: rows_of_campaign
-- What the rooms' own tables say, to be compared with the journal.
SELECT
    (SELECT count(*) FROM sends WHERE campaign_id = %(campaign_id)s AND state = 'sent') AS sends,
    (SELECT count(*) FROM sends WHERE campaign_id = %(campaign_id)s AND state = 'skipped') AS skipped,
    (SELECT count(*) FROM sends WHERE campaign_id = %(campaign_id)s) AS customers,
    (SELECT count(*) FROM promises WHERE campaign_id = %(campaign_id)s AND state = 'kept') AS kept,
    (SELECT count(*) FROM promises WHERE campaign_id = %(campaign_id)s AND state = 'broken') AS broken
