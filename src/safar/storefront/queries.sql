-- owns: back_in_stock_requests, shop_words, wishlist_items, wishlists

-- name: words_of_shop
SELECT key, language, words FROM shop_words ORDER BY key, language

-- name: say
INSERT INTO shop_words AS w (key, language, words, changed_at)
SELECT s.key, s.language, s.words, %(now)s
FROM jsonb_to_recordset(%(said)s::jsonb) AS s (key text, language text, words text)
WHERE s.words <> ''
ORDER BY s.key, s.language
ON CONFLICT (key, language) DO UPDATE
SET words = excluded.words, changed_at = excluded.changed_at
WHERE w.words <> excluded.words
RETURNING w.key

-- name: unsay
DELETE FROM shop_words AS w
USING jsonb_to_recordset(%(said)s::jsonb) AS s (key text, language text, words text)
WHERE w.key = s.key AND w.language = s.language AND s.words = ''
RETURNING w.key

-- name: aisles
-- Every category with the product that has sold best lately, or else is the newest, to stand for it.
SELECT a.category AS key, coalesce(c.names, '{}') AS names, a.products, a.slug, a.image
FROM (
    SELECT DISTINCT ON (p.category)
        p.category, p.slug, p.image, count(*) OVER (PARTITION BY p.category) AS products
    FROM products AS p
    LEFT JOIN product_popularity AS s ON s.product_id = p.id
    WHERE p.published
    ORDER BY p.category, s.units DESC NULLS LAST, p.created_at DESC, p.id
) AS a
LEFT JOIN categories AS c ON c.key = a.category
ORDER BY c.position NULLS LAST, a.category
LIMIT 60

-- name: new_after
-- When the newest product that is not to be called new came in: those that came with it are not either.
SELECT created_at
FROM products
WHERE published
ORDER BY created_at DESC
LIMIT 1
OFFSET least(%(most)s, (SELECT count(*) / %(share)s FROM products WHERE published))

-- name: picks
-- One of each category, for a shop that has not sold enough to know what is popular.
SELECT a.id
FROM (
    SELECT DISTINCT ON (p.category) p.id, p.category, p.image
    FROM products AS p
    WHERE p.published
    ORDER BY p.category, p.image IS NULL, p.created_at DESC, p.id
) AS a
LEFT JOIN categories AS c ON c.key = a.category
ORDER BY c.position NULLS LAST, a.category
LIMIT %(limit)s

-- name: popular
SELECT p.id
FROM product_popularity AS s
INNER JOIN products AS p ON p.id = s.product_id
WHERE p.published
ORDER BY s.units DESC, p.id
LIMIT %(limit)s

-- name: shelf_whole
-- A list in which nothing is filtered and prices do not count.
SELECT p.id, count(*) OVER () AS found
FROM products AS p
LEFT JOIN product_popularity AS s ON s.product_id = p.id
WHERE p.published AND (%(category)s::text IS NULL OR p.category = %(category)s)
ORDER BY
    CASE WHEN %(sort)s = 'new' THEN p.created_at END DESC NULLS LAST,
    CASE WHEN %(sort)s = 'popular' THEN s.units END DESC NULLS LAST,
    CASE WHEN %(sort)s <> 'popular' THEN p.title END, p.id
LIMIT %(limit)s OFFSET %(offset)s

-- name: shelf
-- rate: minor units of the visitor's currency for one of the shop's own; null where there is none.
-- A product is there when one of its variants is all that was asked for.
WITH there AS MATERIALIZED (
    SELECT variant_id, units FROM shop_units WHERE %(in_stock)s AND units > 0
),

short_kits AS MATERIALIZED (
    SELECT k.kit_id
    FROM kit_parts AS k
    LEFT JOIN there AS t ON t.variant_id = k.part_id
    WHERE %(in_stock)s AND coalesce(t.units, 0) < k.units
)

SELECT p.id, count(*) OVER () AS found
FROM products AS p
INNER JOIN (
    SELECT v.product_id, min(q.price_minor) AS price_minor
    FROM variants AS v
    LEFT JOIN variant_prices AS o ON o.variant_id = v.id AND o.currency = %(currency)s
    CROSS JOIN LATERAL (
        SELECT
            CASE
                WHEN v.currency = %(currency)s THEN v.price_minor
                ELSE coalesce(
                    o.price_minor, round(v.price_minor * %(rate)s::numeric / %(step)s) * %(step)s
                )::bigint
            END AS price_minor,
            CASE WHEN v.currency = %(currency)s OR o.price_minor IS NULL THEN v.was_minor ELSE o.was_minor END
                AS was_minor
    ) AS q
    WHERE
        v.published
        AND (%(least)s::bigint IS NULL OR q.price_minor >= %(least)s)
        AND (%(most)s::bigint IS NULL OR q.price_minor <= %(most)s)
        AND (NOT %(reduced)s OR q.was_minor IS NOT NULL)
        AND NOT EXISTS (
            SELECT FROM jsonb_each(%(options)s::jsonb) AS f
            WHERE NOT coalesce(f.value ? (v.options ->> f.key), false)
        )
        AND (
            NOT %(in_stock)s
            OR CASE
                WHEN v.is_kit THEN v.id NOT IN (SELECT k.kit_id FROM short_kits AS k)
                ELSE v.id IN (SELECT t.variant_id FROM there AS t)
            END
        )
    GROUP BY v.product_id
) AS f ON f.product_id = p.id
LEFT JOIN product_popularity AS s ON s.product_id = p.id
WHERE
    p.published
    AND (%(category)s::text IS NULL OR p.category = %(category)s)
    AND (%(ids)s::uuid [] IS NULL OR p.id = ANY(%(ids)s))
ORDER BY
    CASE WHEN %(sort)s = 'best' THEN array_position(%(ids)s::uuid [], p.id) END,
    CASE WHEN %(sort)s = 'cheap' THEN f.price_minor WHEN %(sort)s = 'dear' THEN -f.price_minor END,
    CASE WHEN %(sort)s = 'new' THEN p.created_at END DESC NULLS LAST,
    CASE WHEN %(sort)s = 'popular' THEN s.units END DESC NULLS LAST,
    CASE WHEN %(sort)s <> 'popular' THEN p.title END, p.id
LIMIT %(limit)s OFFSET %(offset)s

-- name: facets
SELECT o.key AS name, o.value, count(DISTINCT v.product_id) AS products
FROM variants AS v
INNER JOIN products AS p ON p.id = v.product_id
CROSS JOIN LATERAL json_each_text(v.options) AS o
WHERE
    p.published AND v.published
    AND (%(category)s::text IS NULL OR p.category = %(category)s)
    AND (%(ids)s::uuid [] IS NULL OR p.id = ANY(%(ids)s))
GROUP BY o.key, o.value
ORDER BY count(*) DESC, o.key, o.value
LIMIT 80

-- name: cards
SELECT p.id, p.slug, p.title, p.category, p.image, p.created_at, v.variant_ids, v.sku
FROM products AS p
CROSS JOIN LATERAL (
    SELECT
        array_agg(o.id ORDER BY o.position, o.price_minor, o.sku) AS variant_ids,
        (array_agg(o.sku ORDER BY o.position, o.price_minor, o.sku))[1] AS sku
    FROM variants AS o
    WHERE o.product_id = p.id AND o.published
    HAVING count(*) > 0
) AS v
WHERE p.id = ANY(%(ids)s) AND p.published

-- name: kept_for
-- What lies in the allocation of a campaign: set aside for those whom it brought.
SELECT DISTINCT v.product_id AS id
FROM stock_levels AS l
INNER JOIN capacity_accounts AS a ON a.id = l.account_id
INNER JOIN variants AS v ON v.id = l.variant_id
WHERE l.location_id = %(location_id)s AND v.published AND a.on_hand - a.held - a.reserve > 0
ORDER BY v.product_id
LIMIT %(limit)s

-- name: reduced
SELECT p.id
FROM products AS p
LEFT JOIN product_popularity AS s ON s.product_id = p.id
WHERE
    p.published
    AND EXISTS (SELECT FROM variants AS v WHERE v.product_id = p.id AND v.published AND v.was_minor IS NOT NULL)
ORDER BY s.units DESC NULLS LAST, p.title, p.id
LIMIT %(limit)s

-- name: page_links
SELECT slug, place, titles FROM shop_pages
WHERE place <> 'none'
ORDER BY position, slug

-- name: sitemap
SELECT slug, changed_at FROM products WHERE published AND slug > %(after)s ORDER BY slug LIMIT %(limit)s

-- name: sitemap_parts
-- The last address of each full part but the whole list's last: after each of them another part begins.
SELECT p.slug
FROM (
    SELECT slug, row_number() OVER (ORDER BY slug) AS place, count(*) OVER () AS products
    FROM products
    WHERE published
) AS p
WHERE p.place %% %(limit)s = 0 AND p.place < p.products
ORDER BY p.slug

-- name: open_wishlist
INSERT INTO wishlists AS w (id, customer_id, created_at, changed_at)
VALUES (%(id)s, %(customer_id)s, %(now)s, %(now)s)
ON CONFLICT (id) DO UPDATE SET changed_at = excluded.changed_at
RETURNING (xmax = 0) AS opened

-- name: wishlist_link
SELECT link_id, link_until FROM wishlists WHERE id = %(id)s AND link_until > %(now)s

-- name: share_wishlist
UPDATE wishlists SET link_id = %(link_id)s, link_until = %(until)s
WHERE id = %(id)s AND link_id IS DISTINCT FROM %(link_id)s
RETURNING id

-- name: wishlist_of_link
SELECT id FROM wishlists WHERE link_id = %(link_id)s AND link_until > %(now)s

-- name: wish
INSERT INTO wishlist_items (wishlist_id, variant_id, added_at)
SELECT %(id)s, %(variant_id)s, %(now)s
WHERE
    (SELECT count(*) FROM wishlist_items WHERE wishlist_id = %(id)s) < %(most)s
    OR EXISTS (SELECT FROM wishlist_items WHERE wishlist_id = %(id)s AND variant_id = %(variant_id)s)
ON CONFLICT (wishlist_id, variant_id) DO UPDATE SET added_at = wishlist_items.added_at
RETURNING variant_id

-- name: unwish
DELETE FROM wishlist_items WHERE wishlist_id = %(id)s AND variant_id = %(variant_id)s RETURNING variant_id

-- name: wished
SELECT i.wishlist_id, i.variant_id, v.sku, v.slug, v.product_id
FROM wishlist_items AS i
INNER JOIN catalogue_variants AS v ON v.id = i.variant_id AND v.published
WHERE i.wishlist_id = %(id)s
ORDER BY i.added_at DESC, i.variant_id
LIMIT %(limit)s

-- name: known_reader
-- Is this the address of the customer in this browser, and may we write to it?
SELECT true AS known
FROM customer_identities AS i
INNER JOIN customer_consents AS c ON c.customer_id = i.customer_id AND c.channel = 'email' AND c.given
WHERE i.kind = 'email' AND i.value = %(email)s AND i.customer_id = %(customer_id)s

-- name: asked_lately
SELECT count(*) AS asked FROM back_in_stock_requests WHERE email = %(email)s AND asked_at > %(since)s

-- name: ask_back
-- One that is open already stays as it is: whoever asks again is told the same.
INSERT INTO back_in_stock_requests
(id, variant_id, customer_id, campaign_id, email, language, state, asked_at, confirmed_at)
VALUES (
    %(id)s, %(variant_id)s, %(customer_id)s, %(campaign_id)s, %(email)s, %(language)s, %(state)s, %(now)s,
    CASE WHEN %(state)s = 'confirmed' THEN %(now)s::timestamptz END
)
ON CONFLICT DO NOTHING
RETURNING id

-- name: ask_back_again
-- The mail may not have come: write once more, but not at once.
UPDATE back_in_stock_requests SET asked_at = %(now)s
WHERE variant_id = %(variant_id)s AND email = %(email)s AND state = 'asked' AND asked_at < %(before)s
RETURNING id

-- name: back_request
SELECT
    b.id, b.variant_id, b.customer_id, b.campaign_id, b.email, b.language, b.state, v.sku, v.title, v.slug,
    v.product_id
FROM back_in_stock_requests AS b
INNER JOIN catalogue_variants AS v ON v.id = b.variant_id
WHERE b.id = %(id)s

-- name: confirm_back
UPDATE back_in_stock_requests SET state = 'confirmed', confirmed_at = %(now)s
WHERE id = %(id)s AND state = 'asked'
RETURNING id

-- name: give_back_request
UPDATE back_in_stock_requests SET customer_id = %(customer_id)s WHERE id = %(id)s

-- name: cancel_back
UPDATE back_in_stock_requests SET state = 'cancelled'
WHERE id = %(id)s AND state IN ('asked', 'confirmed')
RETURNING id

-- name: alone
-- One process tells at a time, so that it knows how many have been told.
SELECT pg_try_advisory_xact_lock(hashtext('shop.back_in_stock'), hashtext(current_schema())) AS alone

-- name: awaited
-- Variants that somebody waits for, each with how many wait and how many were told lately and have not bought.
-- An order to the address that was told counts, proven or not: it only lets the next in line be told.
SELECT w.variant_id, w.waiting, coalesce(t.told, 0) AS told
FROM (
    SELECT variant_id, count(*) AS waiting
    FROM back_in_stock_requests
    WHERE state = 'confirmed' AND variant_id > %(after)s
    GROUP BY variant_id
    ORDER BY variant_id
    LIMIT %(limit)s
) AS w
LEFT JOIN LATERAL (
    SELECT count(*) AS told
    FROM back_in_stock_requests AS b
    WHERE
        b.variant_id = w.variant_id AND b.state = 'told' AND b.told_at > %(since)s
        AND NOT EXISTS (
            SELECT FROM orders AS o
            INNER JOIN order_lines AS l ON l.order_id = o.id
            WHERE
                o.customer_id IN (
                    SELECT b.customer_id
                    UNION
                    SELECT customer_id FROM customer_claims WHERE kind = 'email' AND value = lower(b.email)
                )
                AND o.placed_at > b.told_at AND l.variant_id = b.variant_id
        )
) AS t ON true
ORDER BY w.variant_id

-- name: first_in_line
SELECT
    b.id, b.variant_id, b.customer_id, b.campaign_id, b.email, b.language, v.sku, v.title, v.slug, v.product_id
FROM jsonb_to_recordset(%(turns)s::jsonb) AS t (variant_id uuid, units bigint)
CROSS JOIN LATERAL (
    SELECT * FROM back_in_stock_requests AS r
    WHERE r.variant_id = t.variant_id AND r.state = 'confirmed'
    ORDER BY r.confirmed_at, r.id
    LIMIT t.units
) AS b
INNER JOIN catalogue_variants AS v ON v.id = b.variant_id AND v.published
ORDER BY b.id

-- name: tell
UPDATE back_in_stock_requests SET state = 'told', told_at = %(now)s
WHERE id = ANY(%(ids)s) AND state = 'confirmed'
RETURNING id

-- name: forget_back_requests
-- What was never confirmed after a week, what is over after three months.
DELETE FROM back_in_stock_requests
WHERE (state = 'asked' AND asked_at < %(unconfirmed)s)
OR (state IN ('told', 'cancelled') AND asked_at < %(over)s)
