-- owns: campaigns, sends

-- name: insert
INSERT INTO campaigns (
    id, name, state, variant_id, units_offered, reply_seconds, offer_hours, audience, subject, body, created_at
) VALUES (
    %(campaign_id)s, %(name)s, 'draft', %(variant_id)s, %(units)s, %(reply_seconds)s, %(offer_hours)s,
    %(audience)s, %(subject)s, %(body)s, %(now)s
)
ON CONFLICT (id) DO NOTHING

-- name: change_draft
UPDATE campaigns
SET
    name = %(name)s, variant_id = %(variant_id)s, units_offered = %(units)s, reply_seconds = %(reply_seconds)s,
    offer_hours = %(offer_hours)s, audience = %(audience)s, subject = %(subject)s, body = %(body)s, reason = NULL
WHERE id = %(campaign_id)s AND state = 'draft'

-- name: delete_draft
DELETE FROM campaigns WHERE id = %(id)s AND state = 'draft'

-- fragment: campaign
id, name, state, reason, variant_id, location_id, units_offered, reply_seconds, offer_hours, audience,
subject, body, pace, waits_for_answers, created_at, starts_at, started_at, ended_at, paced_at, offer_ends_at, closed_at, planning,
winding_up

-- name: campaign
SELECT {campaign} FROM campaigns WHERE id = %(id)s

-- name: lock
SELECT {campaign} FROM campaigns WHERE id = %(id)s
FOR UPDATE

-- name: listed
SELECT {campaign} FROM campaigns ORDER BY created_at DESC, id LIMIT %(limit)s

-- name: offers
SELECT
    v.id AS variant_id, v.sku, p.title, p.slug, p.category, v.price_minor, v.currency,
    coalesce(v.image, p.image) AS image
FROM variants AS v JOIN products AS p ON p.id = v.product_id
WHERE v.id = ANY(%(ids)s)

-- name: find_offers
-- Products to choose from: by words of the title or the SKU, or the ones with most units free.
SELECT
    v.id AS variant_id, v.sku, p.title, p.slug, p.category, v.price_minor, v.currency,
    coalesce(a.on_hand - a.held, 0) AS free
FROM variants AS v
JOIN products AS p ON p.id = v.product_id
LEFT JOIN stock_levels AS l ON l.variant_id = v.id AND l.location_id = %(main)s
LEFT JOIN capacity_accounts AS a ON a.id = l.account_id
WHERE v.published AND p.published AND p.searchable LIKE ALL(%(patterns)s::text [])
ORDER BY coalesce(a.on_hand - a.held, 0) DESC, p.title
LIMIT %(limit)s

-- name: countries
SELECT DISTINCT country FROM customers WHERE country IS NOT NULL ORDER BY country LIMIT 250

-- name: reach
SELECT count(*) AS customers, count(*) FILTER (WHERE k.given AND i.customer_id IS NOT NULL) AS reachable
FROM customers AS c
LEFT JOIN customer_consents AS k ON k.customer_id = c.id AND k.channel = 'email'
LEFT JOIN (
    SELECT DISTINCT customer_id FROM customer_identities
    WHERE kind = 'email' AND value NOT IN (SELECT address FROM gone_addresses WHERE channel_id = %(email)s)
) AS i ON i.customer_id = c.id
WHERE c.merged_into IS NULL
    AND (%(language)s::text IS NULL OR c.language = %(language)s)
    AND (%(country)s::text IS NULL OR c.country = %(country)s)

-- name: plan_reachable
-- One row a customer, for ever: of those who may be written to, the next in the order of their ids.
INSERT INTO sends (campaign_id, customer_id, id, state, planned_at)
SELECT %(campaign_id)s, c.id, gen_random_uuid(), 'planned', %(now)s
FROM customers AS c
WHERE c.id > %(after)s::uuid AND c.merged_into IS NULL
    AND (%(language)s::text IS NULL OR c.language = %(language)s)
    AND (%(country)s::text IS NULL OR c.country = %(country)s)
    AND EXISTS (
        SELECT FROM customer_consents AS k WHERE k.customer_id = c.id AND k.channel = 'email' AND k.given
    )
    AND EXISTS (
        SELECT FROM customer_identities AS i WHERE i.customer_id = c.id AND i.kind = 'email'
            AND NOT EXISTS (SELECT FROM gone_addresses WHERE channel_id = %(email)s AND address = i.value)
    )
ORDER BY c.id
LIMIT %(limit)s
ON CONFLICT (campaign_id, customer_id) DO NOTHING
RETURNING id, customer_id, state, reason

-- name: plan_others
-- Those whom plan_reachable left out, with the reason why they get nothing, if it is still so.
INSERT INTO sends (campaign_id, customer_id, id, state, reason, planned_at, ended_at)
SELECT
    %(campaign_id)s, a.id, gen_random_uuid(), CASE WHEN a.reason IS NULL THEN 'planned' ELSE 'skipped' END,
    a.reason, %(now)s, CASE WHEN a.reason IS NOT NULL THEN %(now)s::timestamptz END
FROM (
    SELECT
        c.id,
        CASE
            WHEN i.lives IS NULL THEN 'no_email'
            WHEN k.given IS NOT TRUE THEN 'no_consent'
            WHEN NOT i.lives THEN 'dead_address'
        END AS reason
    FROM customers AS c
    LEFT JOIN customer_consents AS k ON k.customer_id = c.id AND k.channel = 'email'
    LEFT JOIN LATERAL (
        SELECT
            bool_or(value NOT IN (SELECT address FROM gone_addresses WHERE channel_id = %(email)s)) AS lives
        FROM customer_identities WHERE customer_id = c.id AND kind = 'email'
    ) AS i ON true
    WHERE c.id > %(after)s::uuid AND c.merged_into IS NULL
        AND (%(language)s::text IS NULL OR c.language = %(language)s)
        AND (%(country)s::text IS NULL OR c.country = %(country)s)
        AND NOT EXISTS (SELECT FROM sends WHERE campaign_id = %(campaign_id)s AND customer_id = c.id)
    ORDER BY c.id
    LIMIT %(limit)s
) AS a
ON CONFLICT (campaign_id, customer_id) DO NOTHING
RETURNING id, customer_id, state, reason

-- name: begin
UPDATE campaigns
SET state = CASE WHEN %(planning)s::jsonb IS NULL THEN 'sending' ELSE 'starting' END, planning = %(planning)s,
    location_id = %(location_id)s, starts_at = NULL, reason = NULL, started_at = %(now)s,
    offer_ends_at = %(now)s::timestamptz + offer_hours * interval '1 hour'
WHERE id = %(id)s

-- name: go_on_starting
UPDATE campaigns
SET state = CASE WHEN %(planning)s::jsonb IS NULL THEN 'sending' ELSE 'starting' END, planning = %(planning)s
WHERE id = %(id)s

-- name: unfinished
-- Campaigns of which not every send is planned, or of whose ended offer not every send is skipped.
SELECT c.id FROM campaigns AS c
WHERE
    (c.planning IS NOT NULL OR c.winding_up IS NOT NULL)
    AND NOT EXISTS (
        SELECT FROM setbacks AS s
        WHERE s.queue = 'campaigns.unfinished' AND s.item = c.id::text AND s.next_try_at > %(now)s
    )
ORDER BY c.started_at
LIMIT 20

-- name: set_state
UPDATE campaigns
SET state = %(state)s, reason = %(reason)s, ended_at = %(ended_at)s, planning = NULL, starts_at = NULL
WHERE id = %(id)s

-- name: close_offer
UPDATE campaigns SET closed_at = %(now)s WHERE id = %(id)s AND closed_at IS NULL

-- name: set_winding_up
UPDATE campaigns SET winding_up = %(reason)s WHERE id = %(id)s

-- name: skip_planned
WITH next AS MATERIALIZED (
    SELECT id FROM sends WHERE campaign_id = %(campaign_id)s AND state = 'planned'
    ORDER BY id
    LIMIT %(limit)s
    FOR UPDATE
)
UPDATE sends AS s SET state = 'skipped', reason = %(reason)s, ended_at = %(now)s
FROM next WHERE s.id = next.id
RETURNING s.id, s.customer_id, s.state, s.reason

-- name: on_their_way
-- Sends whose message waits in the outbox; one that is being sent will tell its end itself.
SELECT s.id FROM sends AS s JOIN messages AS m ON m.id = s.id
WHERE s.campaign_id = %(campaign_id)s AND s.state = 'queued' AND m.state = 'queued'
ORDER BY s.id
LIMIT %(limit)s

-- name: tallies
SELECT state, reason, count(*) AS count FROM sends
WHERE campaign_id = %(campaign_id)s GROUP BY state, reason ORDER BY state, reason

-- name: tallies_of_many
SELECT campaign_id, state, count(*) AS count FROM sends
WHERE campaign_id = ANY(%(ids)s) GROUP BY campaign_id, state

-- name: results
-- The only definition of what came of campaigns: mails that left, links opened, sales, promises.
SELECT
    c.id AS campaign_id, coalesce(v.currency, '') AS currency, s.sent, s.opened, s.undelivered, s.unsubscribed,
    o.orders, o.revenue_minor, p.kept, p.broken, p.open
FROM campaigns AS c
LEFT JOIN variants AS v ON v.id = c.variant_id
CROSS JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE state = 'sent') AS sent,
        count(*) FILTER (WHERE clicked_at IS NOT NULL) AS opened,
        count(*) FILTER (WHERE state = 'failed') AS undelivered,
        count(*) FILTER (WHERE unsubscribed_at IS NOT NULL) AS unsubscribed
    FROM sends WHERE campaign_id = c.id
) AS s
CROSS JOIN LATERAL (
    SELECT
        count(*) AS orders,
        (coalesce(sum(total_minor) FILTER (WHERE currency = v.currency), 0))::bigint AS revenue_minor
    FROM sales WHERE campaign_id = c.id
) AS o
CROSS JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE state = 'kept') AS kept,
        count(*) FILTER (WHERE state = 'broken') AS broken,
        count(*) FILTER (WHERE state = 'made') AS open
    FROM promises WHERE campaign_id = c.id
) AS p
WHERE c.id = ANY(%(ids)s)

-- name: note_unsubscribed
UPDATE sends SET unsubscribed_at = %(now)s WHERE id = %(id)s AND unsubscribed_at IS NULL

-- name: due_campaigns
-- Those paced longest ago.
SELECT id FROM campaigns
WHERE state = 'sending' AND (paced_at IS NULL OR paced_at <= %(before)s)
ORDER BY paced_at NULLS FIRST
LIMIT %(limit)s

-- name: take_campaign
-- One that is still due; another worker that holds it is not waited for.
SELECT {campaign} FROM campaigns
WHERE id = %(id)s AND state = 'sending' AND (paced_at IS NULL OR paced_at <= %(before)s)
FOR UPDATE SKIP LOCKED

-- name: counts
SELECT
    (SELECT count(*) FROM sends WHERE campaign_id = %(id)s AND state = 'planned') AS planned,
    (SELECT count(*) FROM sends WHERE campaign_id = %(id)s AND state IN ('queued', 'sent')) AS out,
    (SELECT count(*) FROM sends WHERE campaign_id = %(id)s AND state = 'queued') AS queued,
    (SELECT count(*) FROM sends WHERE state = 'queued')
    + (SELECT count(*) FROM sends WHERE state IN ('sent', 'failed') AND ended_at > %(window)s) AS quota_used

-- name: responses
-- Who responded and how long it took, who is silent and for how long: ages in groups that grow with age.
WITH reached AS (
    SELECT
        coalesce(ended_at, %(now)s) AS sent_at, clicked_at, ordered_at, units
    FROM sends WHERE campaign_id = %(id)s AND state IN ('queued', 'sent')
), stages AS (
    SELECT
        'visit' AS stage, clicked_at IS NOT NULL AS responded,
        greatest(extract(epoch FROM coalesce(clicked_at, %(now)s) - sent_at), 0)::double precision AS seconds,
        0::bigint AS units
    FROM reached
    UNION ALL
    SELECT
        'order', ordered_at IS NOT NULL,
        greatest(extract(epoch FROM coalesce(ordered_at, %(now)s) - clicked_at), 0)::double precision, units
    FROM reached WHERE clicked_at IS NOT NULL
)
SELECT
    stage, responded, count(*) AS count, sum(seconds) AS seconds, sum(units)::bigint AS units
FROM stages
GROUP BY stage, responded, CASE WHEN responded THEN 0 ELSE floor(ln(1 + seconds) * 4) END

-- name: take_sends
-- Consent and address are read now, not when the send was planned.
WITH taken AS MATERIALIZED (
    SELECT id, customer_id FROM sends
    WHERE campaign_id = %(campaign_id)s AND state = 'planned'
    ORDER BY id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
SELECT
    t.id, t.customer_id, c.name, c.language, e.value AS email,
    CASE
        WHEN c.merged_into IS NOT NULL THEN 'merged'
        WHEN e.value IS NULL THEN 'no_email'
        WHEN k.given IS NOT TRUE THEN 'no_consent'
        WHEN e.gone THEN 'dead_address'
    END AS reason
FROM taken AS t
JOIN customers AS c ON c.id = t.customer_id
LEFT JOIN customer_consents AS k ON k.customer_id = t.customer_id AND k.channel = 'email'
LEFT JOIN LATERAL (
    SELECT i.value, g.address IS NOT NULL AS gone FROM customer_identities AS i
    LEFT JOIN gone_addresses AS g ON g.channel_id = %(email)s AND g.address = i.value
    WHERE i.customer_id = t.customer_id AND i.kind = 'email'
    ORDER BY g.address IS NOT NULL, i.created_at, i.id
    LIMIT 1
) AS e ON true

-- name: lock_addressees
SELECT c.id FROM customers AS c
WHERE c.id IN (SELECT customer_id FROM messages WHERE id = ANY(%(ids)s))
ORDER BY c.id
FOR NO KEY UPDATE

-- name: refused
-- Which of the messages that are about to leave may not, and why. Of several to one customer the first counts
-- before the next. What is being sent, or was within the time, has its place under the limit.
WITH leaving AS (
    SELECT
        m.id, m.customer_id, m.channel_id, m.address, m.campaign_id,
        row_number() OVER (PARTITION BY m.customer_id ORDER BY m.at, m.id) AS turn
    FROM messages AS m WHERE m.id = ANY(%(ids)s)
), judged AS (
    SELECT
        l.id AS message_id,
        CASE
            WHEN c.merged_into IS NOT NULL THEN 'merged'
            WHEN k.given IS NOT TRUE THEN 'no_consent'
            WHEN g.address IS NOT NULL THEN 'dead_address'
            WHEN o.closed_at IS NOT NULL THEN coalesce(o.reason, 'offer_ended')
            WHEN %(most)s > 0 AND l.turn + coalesce(had.count, 0) > %(most)s THEN 'too_many'
        END AS reason
    FROM leaving AS l
    INNER JOIN customers AS c ON c.id = l.customer_id
    LEFT JOIN campaigns AS o ON o.id = l.campaign_id
    LEFT JOIN customer_consents AS k ON k.customer_id = l.customer_id AND k.channel = 'email'
    LEFT JOIN gone_addresses AS g ON g.channel_id = l.channel_id AND g.address = l.address
    LEFT JOIN LATERAL (
        SELECT count(*) FROM messages AS m
        WHERE m.customer_id = l.customer_id AND m.author = 'campaign' AND m.id <> ALL(%(ids)s)
            AND (m.state = 'sending' OR (m.state = 'sent' AND m.ended_at > %(since)s))
    ) AS had ON true
)
SELECT message_id, reason FROM judged WHERE reason IS NOT NULL

-- name: queue
UPDATE sends SET state = 'queued', queued_at = %(now)s WHERE id = ANY(%(ids)s)

-- name: skip
UPDATE sends AS s SET state = 'skipped', reason = r.reason, ended_at = %(now)s
FROM jsonb_to_recordset(%(sends)s::jsonb) AS r (id uuid, reason text)
WHERE s.id = r.id

-- name: set_pace
UPDATE campaigns SET pace = %(pace)s, paced_at = %(now)s WHERE id = %(id)s

-- name: end_sends
-- A mail may be reported undeliverable after it was sent, and sent after all when staff try it again.
UPDATE sends AS s SET state = e.state, reason = e.reason, ended_at = e.at
FROM jsonb_to_recordset(%(ends)s::jsonb) AS e (id uuid, state text, reason text, at timestamptz)
WHERE s.id = e.id
    AND (s.state = 'queued' OR (s.state, e.state) IN (('sent', 'failed'), ('failed', 'sent')))
RETURNING s.id, s.customer_id, s.campaign_id, s.state, s.reason

-- name: note_orders
UPDATE sends AS s
SET ordered_at = coalesce(s.ordered_at, o.at), units = CASE WHEN s.units = 0 THEN o.units ELSE s.units END
FROM jsonb_to_recordset(%(orders)s::jsonb) AS o (id uuid, campaign_id uuid, at timestamptz, units bigint)
WHERE s.id = o.id AND s.campaign_id = o.campaign_id

-- name: clicked
SELECT
    s.id, s.campaign_id, coalesce(c.merged_into, s.customer_id) AS customer_id, c.language, p.slug
FROM sends AS s
JOIN customers AS c ON c.id = s.customer_id
JOIN campaigns AS m ON m.id = s.campaign_id
JOIN variants AS v ON v.id = m.variant_id
JOIN products AS p ON p.id = v.product_id
WHERE s.id = ANY(%(ids)s)

-- name: note_clicks
WITH locked AS MATERIALIZED (
    SELECT id FROM sends WHERE id = ANY(%(ids)s) AND clicked_at IS NULL ORDER BY id FOR UPDATE
)
UPDATE sends AS s SET clicked_at = %(now)s FROM locked WHERE s.id = locked.id
RETURNING s.id

-- name: offers_over
SELECT c.id FROM campaigns AS c
WHERE
    c.closed_at IS NULL AND c.offer_ends_at <= %(now)s
    AND NOT EXISTS (
        SELECT FROM setbacks AS s
        WHERE s.queue = 'campaigns.offers' AND s.item = c.id::text AND s.next_try_at > %(now)s
    )
ORDER BY c.offer_ends_at
LIMIT 20

-- name: unsold
-- Units of ended offers that nobody holds any more.
SELECT c.id
FROM campaigns AS c
JOIN stock_levels AS l ON l.variant_id = c.variant_id AND l.location_id = c.location_id
JOIN capacity_accounts AS a ON a.id = l.account_id
WHERE c.closed_at IS NOT NULL AND a.on_hand > a.held
LIMIT 20

-- name: offered_variants
SELECT id, variant_id FROM campaigns WHERE id = ANY(%(ids)s)

-- name: send_owner
SELECT coalesce(c.merged_into, s.customer_id)
FROM sends AS s JOIN customers AS c ON c.id = s.customer_id WHERE s.id = %(id)s

-- name: in_campaigns
SELECT EXISTS (SELECT FROM campaigns WHERE variant_id = ANY(%(ids)s))
