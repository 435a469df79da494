-- owns: consent_records, customer_claims, customer_consents, customer_identities, customers

-- name: owners
-- Who has each of these addresses, and whether something about them is still unknown. The limits make a
-- lookup of each row: a plan kept from when the table was small would read all of it.
SELECT
    k.kind, k.value, i.customer_id, c.merged_into IS NOT NULL AS merged,
    c.name IS NULL AS nameless, c.country IS NULL AS countryless
FROM jsonb_to_recordset(%(keys)s::jsonb) AS k (kind text, value text)
CROSS JOIN LATERAL (
    SELECT o.customer_id FROM customer_identities AS o WHERE o.kind = k.kind AND o.value = k.value LIMIT 1
) AS i
CROSS JOIN LATERAL (
    SELECT o.merged_into, o.name, o.country FROM customers AS o WHERE o.id = i.customer_id LIMIT 1
) AS c

-- name: finals
-- Each of these customers that has a row, with the one its merges lead to.
WITH RECURSIVE chain AS (
    SELECT id AS start_id, id, merged_into, 0 AS depth FROM customers WHERE id = ANY(%(ids)s)
    UNION ALL
    SELECT chain.start_id, c.id, c.merged_into, chain.depth + 1
    FROM chain
    CROSS JOIN LATERAL (
        SELECT o.id, o.merged_into FROM customers AS o WHERE o.id = chain.merged_into LIMIT 1
    ) AS c
    WHERE chain.depth < 20
)
SELECT start_id, id FROM chain WHERE merged_into IS NULL

-- name: insert_identities
-- In one order for everybody: whoever comes second waits for the first, and never in a circle.
INSERT INTO customer_identities (id, customer_id, kind, value, created_at)
SELECT i.id, i.customer_id, i.kind, i.value, %(now)s
FROM jsonb_to_recordset(%(identities)s::jsonb) AS i (id uuid, customer_id uuid, kind text, value text)
ORDER BY i.kind, i.value
ON CONFLICT (kind, value, scope) DO NOTHING
RETURNING kind, value, customer_id

-- name: insert_missing
-- Addresses as `insert_identities` writes them, and the customers of those that were written.
WITH asked AS (
    SELECT i.*
    FROM jsonb_to_recordset(%(identities)s::jsonb) AS i (
        id uuid, customer_id uuid, kind text, value text, word text
    )
), won AS (
    INSERT INTO customer_identities (id, customer_id, kind, value, created_at)
    SELECT id, customer_id, kind, value, %(now)s FROM asked ORDER BY kind, value
    ON CONFLICT (kind, value, scope) DO NOTHING
    RETURNING id, kind, value, customer_id
), made AS (
    INSERT INTO customers (id, name, language, country, created_at, search)
    SELECT c.id, c.name, c.language, c.country, %(now)s, left(concat_ws(' ', c.search, found.words), 1000)
    FROM jsonb_to_recordset(%(customers)s::jsonb) AS c (id uuid, name text, language text, country text, search text)
    INNER JOIN (
        SELECT won.customer_id, string_agg(asked.word, ' ' ORDER BY asked.word) AS words
        FROM won INNER JOIN asked ON asked.id = won.id
        GROUP BY won.customer_id
    ) AS found ON found.customer_id = c.id
    ORDER BY c.id
    ON CONFLICT (id) DO NOTHING
    RETURNING id, name, country
)
SELECT
    won.kind, won.value, won.customer_id, made.id IS NOT NULL AS created,
    coalesce(made.name, had.name) IS NULL AS nameless, coalesce(made.country, had.country) IS NULL AS countryless
FROM won
LEFT JOIN made ON made.id = won.customer_id
LEFT JOIN LATERAL (
    SELECT o.name, o.country FROM customers AS o WHERE o.id = won.customer_id LIMIT 1
) AS had ON true
ORDER BY won.kind, won.value

-- name: claim
-- Claimants without a row get one; what is not known of the others is filled in. In the order of ids, so that
-- two batches never wait for each other in a circle.
WITH made AS (
    INSERT INTO customers AS had (id, name, language, country, created_at, search)
    SELECT c.id, c.name, c.language, c.country, %(now)s, c.search
    FROM jsonb_to_recordset(%(customers)s::jsonb) AS c (
        id uuid, name text, language text, country text, search text
    )
    ORDER BY c.id
    ON CONFLICT (id) DO UPDATE SET
        name = coalesce(had.name, excluded.name), country = coalesce(had.country, excluded.country),
        search = CASE
            WHEN position(excluded.search IN had.search) > 0 THEN had.search
            ELSE left(concat_ws(' ', had.search, excluded.search), 1000)
        END
    WHERE (had.name IS NULL AND excluded.name IS NOT NULL)
        OR (had.country IS NULL AND excluded.country IS NOT NULL)
        OR (position(excluded.search IN had.search) = 0 AND length(had.search) < 1000)
    RETURNING id, xmax = 0 AS created
), claimed AS (
    INSERT INTO customer_claims (customer_id, kind, value, source, claimed_at)
    SELECT c.customer_id, c.kind, c.value, c.source, %(now)s
    FROM jsonb_to_recordset(%(claims)s::jsonb) AS c (customer_id uuid, kind text, value text, source text)
    ORDER BY c.customer_id, c.kind, c.value
    ON CONFLICT (customer_id, kind, value) DO NOTHING
)
SELECT id FROM made WHERE created

-- name: claim_first
-- Claimants of whom nothing is known yet, and what they claim.
WITH made AS (
    INSERT INTO customers (id, name, language, country, created_at, search)
    SELECT c.id, c.name, c.language, c.country, %(now)s, c.search
    FROM jsonb_to_recordset(%(customers)s::jsonb) AS c (
        id uuid, name text, language text, country text, search text
    )
    ORDER BY c.id
)
INSERT INTO customer_claims (customer_id, kind, value, source, claimed_at)
SELECT c.customer_id, c.kind, c.value, c.source, %(now)s
FROM jsonb_to_recordset(%(claims)s::jsonb) AS c (customer_id uuid, kind text, value text, source text)
ORDER BY c.customer_id, c.kind, c.value

-- name: lock_address
SELECT pg_advisory_xact_lock(hashtextextended(%(kind)s || ' ' || %(value)s, 1))

-- name: standing
-- Who has an address, and whether the claimant has proven one of their own.
SELECT
    (
        SELECT i.customer_id FROM customer_identities AS i
        WHERE i.kind = %(kind)s AND i.value = %(value)s
    ) AS owner_id,
    EXISTS (
        SELECT 1 FROM customer_identities AS i
        WHERE i.customer_id = %(claimant)s AND i.kind <> 'visitor'
    ) AS has_address

-- name: found
INSERT INTO customers (id, language, created_at) VALUES (%(own)s, %(language)s, %(now)s)
ON CONFLICT (id) DO NOTHING
RETURNING id

-- name: own_address
WITH owned AS (
    INSERT INTO customer_identities (id, customer_id, kind, value, created_at)
    VALUES (gen_random_uuid(), %(owner)s, %(kind)s, %(value)s, %(now)s)
    ON CONFLICT (kind, value, scope) DO NOTHING
)
UPDATE customers SET search = left(concat_ws(' ', search, %(word)s::text), 1000)
WHERE id = %(owner)s AND position(%(word)s IN search) = 0

-- name: join
UPDATE customers SET merged_into = %(owner)s WHERE id = %(claimant)s AND merged_into IS NULL

-- name: owners_of_names
SELECT i.kind, i.value, i.scope, i.customer_id
FROM jsonb_to_recordset(%(names)s::jsonb) AS n (kind text, value text, scope text)
INNER JOIN customer_identities AS i ON i.kind = n.kind AND i.value = n.value AND i.scope = n.scope

-- name: insert_names
-- In one order for everybody; who comes second leaves a name with whoever came first.
WITH asked AS (
    SELECT i.*
    FROM jsonb_to_recordset(%(identities)s::jsonb) AS i (
        id uuid, customer_id uuid, kind text, value text, scope text, word text
    )
), won AS (
    INSERT INTO customer_identities (id, customer_id, kind, value, scope, created_at)
    SELECT id, customer_id, kind, value, scope, %(now)s FROM asked ORDER BY kind, value, scope
    ON CONFLICT (kind, value, scope) DO NOTHING
    RETURNING id, kind, value, scope, customer_id
), found AS (
    UPDATE customers AS c SET search = left(concat_ws(' ', c.search, w.words), 1000)
    FROM (
        SELECT won.customer_id, string_agg(asked.word, ' ' ORDER BY asked.word) AS words
        FROM won INNER JOIN asked ON asked.id = won.id
        GROUP BY won.customer_id
    ) AS w
    WHERE c.id = w.customer_id
)
SELECT kind, value, scope, customer_id FROM won

-- name: forget_names
DELETE FROM customer_identities AS i
USING jsonb_to_recordset(%(names)s::jsonb) AS n (kind text, value text, scope text)
WHERE i.kind = n.kind AND i.value = n.value AND i.scope = n.scope
RETURNING i.id

-- name: insert_customers
INSERT INTO customers (id, name, language, country, created_at, search)
SELECT c.id, c.name, c.language, c.country, %(now)s, c.search
FROM jsonb_to_recordset(%(customers)s::jsonb) AS c (id uuid, name text, language text, country text, search text)
ORDER BY c.id
ON CONFLICT (id) DO NOTHING
RETURNING id

-- name: complete
-- What is known already stays.
WITH told AS (
    SELECT id FROM customers WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE
)
UPDATE customers AS c
SET
    name = coalesce(c.name, t.name), country = coalesce(c.country, t.country),
    search = CASE WHEN t.search = '' THEN c.search ELSE left(concat_ws(' ', c.search, t.search), 1000) END
FROM jsonb_to_recordset(%(told)s::jsonb) AS t (id uuid, name text, country text, search text)
WHERE c.id = t.id AND c.id = ANY(%(ids)s) AND c.id IN (SELECT told.id FROM told)

-- name: set_consents
-- The state in force and, for what changes, the record of how it came about.
WITH asked AS (
    SELECT c.*
    FROM jsonb_to_recordset(%(consents)s::jsonb) AS c (
        customer_id uuid, channel text, given boolean, source text, proof jsonb, staff_id uuid
    )
), changed AS (
    INSERT INTO customer_consents AS had (customer_id, channel, given, source, changed_at)
    SELECT c.customer_id, c.channel, c.given, c.source, %(now)s
    FROM asked AS c
    WHERE EXISTS (SELECT FROM customers AS u WHERE u.id = c.customer_id)
    ORDER BY c.customer_id, c.channel
    ON CONFLICT (customer_id, channel) DO UPDATE
    SET given = excluded.given, source = excluded.source, changed_at = excluded.changed_at
    WHERE had.given <> excluded.given
    RETURNING customer_id, channel
), recorded AS (
    INSERT INTO consent_records (customer_id, channel, given, source, proof, staff_id, at)
    SELECT a.customer_id, a.channel, a.given, a.source, coalesce(a.proof, '{}'), a.staff_id, %(now)s
    FROM changed AS c INNER JOIN asked AS a ON a.customer_id = c.customer_id AND a.channel = c.channel
)
SELECT customer_id, channel FROM changed

-- name: with_consent_row
SELECT customer_id, channel FROM customer_consents WHERE customer_id = ANY(%(ids)s) AND channel = %(channel)s

-- name: cards
SELECT
    c.id, c.name, c.language, c.country,
    (
        SELECT i.value FROM customer_identities AS i
        WHERE i.customer_id = c.id AND i.kind = 'email'
        ORDER BY i.created_at, i.id LIMIT 1
    ) AS email,
    (
        SELECT l.value FROM customer_claims AS l
        WHERE l.customer_id = c.id AND l.kind = 'email'
        ORDER BY l.claimed_at DESC, l.value LIMIT 1
    ) AS claimed
FROM customers AS c
WHERE c.id = ANY(%(ids)s)

-- name: profile
SELECT id, name, language, country, created_at FROM customers WHERE id = %(id)s

-- name: identities
SELECT kind, value, created_at FROM customer_identities
WHERE customer_id = %(id)s ORDER BY created_at, id LIMIT 100

-- name: claims
-- What they say besides: addresses that nothing came back from.
SELECT l.kind, l.value, l.claimed_at AS created_at FROM customer_claims AS l
WHERE l.customer_id = %(id)s AND NOT EXISTS (
    SELECT 1 FROM customer_identities AS i
    WHERE i.customer_id = l.customer_id AND i.kind = l.kind AND i.value = l.value
)
ORDER BY l.claimed_at, l.value LIMIT 100

-- name: consents
SELECT channel, given, source, changed_at FROM customer_consents WHERE customer_id = %(id)s ORDER BY channel

-- name: consent_history
SELECT channel, given, source, proof, at FROM consent_records
WHERE customer_id = %(id)s ORDER BY at DESC, id LIMIT 50

-- name: known_as
-- Every id under which the journal may speak of this customer: merged profiles, browsers that turned out theirs.
WITH RECURSIVE same AS (
    SELECT %(id)s::uuid AS id, 0 AS depth
    UNION
    SELECT c.id, same.depth + 1 FROM same INNER JOIN customers AS c ON c.merged_into = same.id WHERE same.depth < 20
)
SELECT id FROM same
UNION
SELECT i.value::uuid FROM same INNER JOIN customer_identities AS i ON i.customer_id = same.id
WHERE i.kind = 'visitor'
LIMIT 200

-- fragment: wanted
c.merged_into IS NULL
AND (%(pattern)s::text IS NULL OR c.search LIKE %(pattern)s)
AND (%(language)s::text IS NULL OR c.language = %(language)s)
AND (%(country)s::text IS NULL OR c.country = %(country)s)
AND (
    %(consent)s::text IS NULL
    OR %(consent)s = coalesce(
        (
            SELECT CASE WHEN k.given THEN 'given' ELSE 'withdrawn' END FROM customer_consents AS k
            WHERE k.customer_id = c.id AND k.channel = 'email'
        ),
        'none'
    )
)

-- name: list
-- Newest first, by key: a page far down costs what the first one does.
SELECT
    c.id, c.name, c.language, c.country, c.created_at,
    (
        SELECT i.value FROM customer_identities AS i
        WHERE i.customer_id = c.id AND i.kind = 'email'
        ORDER BY i.created_at, i.id LIMIT 1
    ) AS email,
    (
        SELECT l.value FROM customer_claims AS l
        WHERE l.customer_id = c.id AND l.kind = 'email'
        ORDER BY l.claimed_at DESC, l.value LIMIT 1
    ) AS claimed,
    (SELECT a.given FROM customer_consents AS a WHERE a.customer_id = c.id AND a.channel = 'email') AS consent
FROM customers AS c
WHERE {wanted} AND (c.created_at, c.id) < (%(before_at)s, %(before_id)s)
ORDER BY c.created_at DESC, c.id DESC
LIMIT %(limit)s

-- name: count
-- How many there are, counted no further than the limit.
SELECT count(*) FROM (SELECT FROM customers AS c WHERE {wanted} LIMIT %(limit)s) AS counted

-- name: countries
SELECT DISTINCT country FROM customers WHERE country IS NOT NULL ORDER BY country LIMIT 250
