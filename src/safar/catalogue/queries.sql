-- owns: catalogue_rates, categories, kit_parts, picture_files, pictures, product_images, product_words
-- owns: products, variant_prices, variants

-- fragment: variant
id, product_id, sku, title, price_minor, currency, slug, category, barcode, weight_g, tax_class, options,
tracks_lots, is_kit, published, image, order_max

-- name: variants
SELECT {variant} FROM catalogue_variants
WHERE id = ANY(%(ids)s)

-- name: variant_of_sku
SELECT {variant} FROM catalogue_variants
WHERE sku = %(sku)s

-- name: variants_of_product
SELECT {variant} FROM catalogue_variants
WHERE product_id = %(product_id)s AND published
ORDER BY (SELECT v.position FROM variants AS v WHERE v.id = catalogue_variants.id), price_minor, sku
LIMIT 100

-- name: product
SELECT id, slug, title, description, category, published, image FROM products WHERE slug = %(slug)s AND published

-- name: categories
SELECT category FROM products WHERE published GROUP BY category ORDER BY category LIMIT 100

-- name: set_price
UPDATE variants SET price_minor = %(price_minor)s WHERE id = %(id)s AND price_minor <> %(price_minor)s
RETURNING id

-- name: variant_of_code
-- A SKU goes before a barcode of the same digits.
SELECT {variant} FROM catalogue_variants
WHERE sku = %(sku)s OR barcode = %(barcode)s
ORDER BY sku = %(sku)s DESC
LIMIT 1

-- name: kit_parts
SELECT k.kit_id, k.part_id, k.units
FROM kit_parts AS k
INNER JOIN variants AS v ON v.id = k.kit_id AND v.is_kit
WHERE k.kit_id = ANY(%(ids)s)
ORDER BY k.kit_id, k.part_id

-- name: words_in
SELECT
    p.id AS product_id, coalesce(nullif(w.title, ''), p.title) AS title,
    coalesce(nullif(w.description, ''), p.description) AS description,
    coalesce(w.options, '{}') AS options
FROM products AS p
LEFT JOIN product_words AS w ON w.product_id = p.id AND w.language = %(language)s
WHERE p.id = ANY(%(ids)s)

-- name: prices_in
-- The rate between two currencies that are both not the shop's own is the quotient of theirs.
SELECT
    v.id AS variant_id, v.currency, v.price_minor, v.was_minor,
    o.price_minor AS own_price_minor, o.was_minor AS own_was_minor,
    r.rate / coalesce(f.rate, 1) AS rate, r.round_to_minor
FROM variants AS v
LEFT JOIN variant_prices AS o ON o.variant_id = v.id AND o.currency = %(currency)s
LEFT JOIN catalogue_rates AS r ON r.currency = %(currency)s
LEFT JOIN catalogue_rates AS f ON f.currency = v.currency
WHERE v.id = ANY(%(ids)s)

-- name: product_named
SELECT title FROM products WHERE slug = %(slug)s

-- name: lock_product
SELECT id FROM products WHERE id = %(id)s FOR NO KEY UPDATE

-- name: images_of_product
SELECT i.digest, i.description, f.width, f.height
FROM product_images AS i
INNER JOIN pictures AS f ON f.digest = i.digest
WHERE i.product_id = %(product_id)s
ORDER BY i.position, i.digest

-- name: image_file
SELECT body FROM picture_files WHERE digest = %(digest)s AND width = %(width)s

-- name: insert_picture
INSERT INTO pictures (digest, width, height, added_at)
VALUES (%(digest)s, %(width)s, %(height)s, %(now)s)
ON CONFLICT (digest) DO UPDATE SET added_at = excluded.added_at
RETURNING xmax = 0 AS fresh

-- name: lock_picture
SELECT digest FROM pictures WHERE digest = %(digest)s FOR UPDATE

-- name: insert_picture_file
INSERT INTO picture_files (digest, width, body) VALUES (%(digest)s, %(width)s, %(body)s)

-- name: add_image
INSERT INTO product_images (product_id, digest, position)
SELECT %(product_id)s, %(digest)s, coalesce(max(position) + 1, 0)
FROM product_images
WHERE product_id = %(product_id)s
ON CONFLICT (product_id, digest) DO NOTHING

-- name: remove_image
DELETE FROM product_images WHERE product_id = %(product_id)s AND digest = %(digest)s

-- name: clear_variant_image
UPDATE variants SET image = NULL WHERE product_id = %(product_id)s AND image = %(digest)s

-- name: forget_picture_files
DELETE FROM picture_files
WHERE digest = %(digest)s AND NOT EXISTS (SELECT FROM product_images WHERE digest = %(digest)s)

-- name: forget_picture
DELETE FROM pictures
WHERE digest = %(digest)s AND NOT EXISTS (SELECT FROM product_images WHERE digest = %(digest)s)

-- name: put_image_first
UPDATE product_images AS i
SET position = (SELECT min(o.position) - 1 FROM product_images AS o WHERE o.product_id = i.product_id)
WHERE i.product_id = %(product_id)s AND i.digest = %(digest)s

-- name: describe_image
UPDATE product_images SET description = %(description)s WHERE product_id = %(product_id)s AND digest = %(digest)s

-- name: set_first_image
UPDATE products AS p
SET
    image = (
        SELECT i.digest FROM product_images AS i WHERE i.product_id = p.id ORDER BY i.position, i.digest LIMIT 1
    ),
    changed_at = %(now)s
WHERE p.id = %(product_id)s

-- name: lock_products
SELECT id FROM products WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE

-- name: product_drafts
SELECT
    p.id, p.slug, p.title, p.description, p.category, p.published, p.order_max,
    coalesce(
        (
            SELECT jsonb_object_agg(
                w.language,
                jsonb_build_object('title', w.title, 'description', w.description, 'options', w.options)
            )
            FROM product_words AS w
            WHERE w.product_id = p.id
        ),
        '{}'
    ) AS words
FROM products AS p
WHERE p.id = ANY(%(ids)s)

-- fragment: article
id, product_id, slug, title, description, category, product_published, order_max, words, sku, price_minor,
was_minor,
currency, barcode, weight_g, tax_class, options, tracks_lots, published, position, image, prices, parts

-- name: articles
SELECT {article} FROM catalogue_articles
WHERE id = ANY(%(ids)s)

-- name: articles_of_product
SELECT {article} FROM catalogue_articles
WHERE product_id = %(product_id)s
ORDER BY position, sku

-- name: articles_after
SELECT {article} FROM catalogue_articles
WHERE sku > %(sku)s
ORDER BY sku
LIMIT %(limit)s

-- name: slugs_taken
SELECT slug FROM products WHERE slug = ANY(%(slugs)s)

-- name: save_products
INSERT INTO products (id, slug, title, description, category, published, order_max, searchable, created_at, changed_at)
SELECT p.id, p.slug, p.title, p.description, p.category, p.published, p.order_max, '', %(now)s, %(now)s
FROM jsonb_to_recordset(%(products)s::jsonb) AS p (
    id uuid, slug text, title text, description text, category text, published boolean, order_max bigint
)
ORDER BY p.id
ON CONFLICT (id) DO UPDATE
SET
    title = excluded.title, description = excluded.description, category = excluded.category,
    published = excluded.published AND products.archived_at IS NULL, order_max = excluded.order_max, changed_at = excluded.changed_at

-- name: forget_words
DELETE FROM product_words WHERE product_id = ANY(%(ids)s)

-- name: save_words
INSERT INTO product_words (product_id, language, title, description, options)
SELECT w.product_id, w.language, w.title, w.description, w.options
FROM jsonb_to_recordset(%(words)s::jsonb) AS w (
    product_id uuid, language text, title text, description text, options jsonb
)

-- name: barcode_owners
SELECT id, sku, barcode AS code FROM variants WHERE barcode = ANY(%(codes)s) AND NOT id = ANY(%(ids)s) LIMIT 1

-- name: last_places
SELECT product_id, max(position) AS position FROM variants WHERE product_id = ANY(%(ids)s) GROUP BY product_id

-- name: free_barcodes
UPDATE variants SET barcode = NULL WHERE id = ANY(%(ids)s) AND barcode IS NOT NULL

-- name: save_variants
INSERT INTO variants (
    id, product_id, sku, title, price_minor, was_minor, currency, barcode, weight_g, tax_class, options, tracks_lots,
    published, position, image
)
SELECT
    v.id, v.product_id, v.sku, v.title, v.price_minor, v.was_minor, v.currency, v.barcode, v.weight_g, v.tax_class,
    v.options, v.tracks_lots, v.published, v.position, v.image
FROM json_to_recordset(%(variants)s::json) AS v (
    id uuid, product_id uuid, sku text, title text, price_minor bigint, was_minor bigint, currency text, barcode text,
    weight_g bigint, tax_class text, options json, tracks_lots boolean, published boolean, position bigint, image text
)
ORDER BY v.id
ON CONFLICT (id) DO UPDATE
SET
    product_id = excluded.product_id, title = excluded.title, price_minor = excluded.price_minor,
    was_minor = excluded.was_minor, currency = excluded.currency, barcode = excluded.barcode,
    weight_g = excluded.weight_g, tax_class = excluded.tax_class, options = excluded.options,
    tracks_lots = excluded.tracks_lots, published = excluded.published, position = excluded.position,
    image = excluded.image

-- name: forget_prices
DELETE FROM variant_prices WHERE variant_id = ANY(%(ids)s)

-- name: save_prices
INSERT INTO variant_prices (variant_id, currency, price_minor, was_minor)
SELECT o.variant_id, o.currency, o.price_minor, o.was_minor
FROM jsonb_to_recordset(%(prices)s::jsonb) AS o (
    variant_id uuid, currency text, price_minor bigint, was_minor bigint
)

-- name: retitle_variants
-- As decide.variant_title does it.
UPDATE variants AS v
SET title = p.title || coalesce(' · ' || (SELECT string_agg(e.value, ' / ') FROM json_each_text(v.options) AS e), '')
FROM jsonb_to_recordset(%(products)s::jsonb) AS p (product_id uuid, title text)
WHERE
    v.product_id = p.product_id
    AND v.title <> p.title || coalesce(' · ' || (SELECT string_agg(e.value, ' / ') FROM json_each_text(v.options) AS e), '')

-- name: forget_parts
DELETE FROM kit_parts WHERE kit_id = ANY(%(ids)s)

-- name: save_parts
INSERT INTO kit_parts (kit_id, part_id, units)
SELECT k.kit_id, v.id, k.units
FROM jsonb_to_recordset(%(parts)s::jsonb) AS k (kit_id uuid, sku text, units bigint)
INNER JOIN variants AS v ON v.sku = k.sku

-- name: mark_kits
UPDATE variants AS v
SET is_kit = EXISTS (SELECT FROM kit_parts AS k WHERE k.kit_id = v.id)
WHERE v.id = ANY(%(ids)s)

-- name: kits_in_kits
SELECT p.sku
FROM kit_parts AS k
INNER JOIN variants AS p ON p.id = k.part_id AND p.is_kit
WHERE k.kit_id = ANY(%(ids)s) OR k.part_id = ANY(%(ids)s)
LIMIT 1

-- name: choosable
-- The variants of products that are in the shop, or come into it with their product.
SELECT product_id, id AS variant_id, sku, options FROM variants
WHERE product_id = ANY(%(ids)s) AND published
ORDER BY product_id, position, sku

-- name: products_too_large
SELECT product_id FROM variants WHERE product_id = ANY(%(ids)s)
GROUP BY product_id HAVING count(*) > %(most)s LIMIT 1

-- name: texts_of_products
SELECT
    p.id, p.category, coalesce(c.names, '{}') AS category_names,
    array_cat(ARRAY[p.title], coalesce(v.texts, '{}')) || coalesce(w.texts, '{}') AS texts
FROM products AS p
LEFT JOIN categories AS c ON c.key = p.category
LEFT JOIN LATERAL (
    SELECT array_agg(concat_ws(' ', o.sku, o.barcode, e.words) ORDER BY o.sku) AS texts
    FROM variants AS o
    LEFT JOIN LATERAL (SELECT string_agg(t.value, ' ') AS words FROM json_each_text(o.options) AS t) AS e ON true
    WHERE o.product_id = p.id
) AS v ON true
LEFT JOIN LATERAL (
    SELECT array_agg(concat_ws(' ', t.title, e.words) ORDER BY t.language) AS texts
    FROM product_words AS t
    LEFT JOIN LATERAL (SELECT string_agg(x.value, ' ') AS words FROM jsonb_each_text(t.options) AS x) AS e ON true
    WHERE t.product_id = p.id
) AS w ON true
WHERE p.id = ANY(%(ids)s)

-- name: save_searchable
UPDATE products AS p
SET searchable = s.searchable
FROM jsonb_to_recordset(%(products)s::jsonb) AS s (id uuid, searchable text)
WHERE p.id = s.id AND p.searchable <> s.searchable

-- name: rates
SELECT currency, rate, round_to_minor FROM catalogue_rates ORDER BY currency

-- name: forget_rates
DELETE FROM catalogue_rates WHERE currency <> ALL(%(kept)s)

-- name: save_rates
INSERT INTO catalogue_rates (currency, rate, round_to_minor, changed_at)
SELECT r.currency, r.rate, r.round_to_minor, %(now)s
FROM jsonb_to_recordset(%(rates)s::jsonb) AS r (currency text, rate numeric, round_to_minor bigint)
ORDER BY r.currency
ON CONFLICT (currency) DO UPDATE
SET rate = excluded.rate, round_to_minor = excluded.round_to_minor, changed_at = excluded.changed_at

-- name: categories_listed
-- Those that somebody has named, and those that only their products know.
SELECT
    coalesce(c.key, u.category) AS key, coalesce(c.names, '{}') AS names, coalesce(c.position, 1000) AS position,
    coalesce(u.products, 0) AS products
FROM categories AS c
FULL JOIN (SELECT category, count(*) AS products FROM products GROUP BY category) AS u ON u.category = c.key
ORDER BY coalesce(c.position, 1000), coalesce(c.key, u.category)
LIMIT 500

-- name: save_category
INSERT INTO categories (key, names, position, changed_at)
VALUES (%(key)s, %(names)s::jsonb, %(position)s, %(now)s)
ON CONFLICT (key) DO UPDATE
SET names = excluded.names, position = excluded.position, changed_at = excluded.changed_at
WHERE (categories.names, categories.position) IS DISTINCT FROM (excluded.names, excluded.position)
RETURNING key

-- name: products_in_category
SELECT id FROM products WHERE category = %(key)s ORDER BY id

-- name: category_in_use
SELECT EXISTS (SELECT FROM products WHERE category = %(key)s)

-- name: remove_category
DELETE FROM categories WHERE key = %(key)s RETURNING key

-- name: catalogue_page
-- For staff: products by title, those after a title; the index products_title gives the order.
SELECT
    p.id, p.slug, p.title, p.category, p.published, p.image, v.skus, v.variants, v.least_minor, v.most_minor,
    v.currency
FROM products AS p
CROSS JOIN LATERAL (
    SELECT
        (array_agg(o.sku ORDER BY o.position, o.sku))[1:3] AS skus, count(*) AS variants,
        min(o.price_minor) AS least_minor, max(o.price_minor) AS most_minor, min(o.currency) AS currency
    FROM variants AS o
    WHERE o.product_id = p.id
) AS v
WHERE (p.title, p.id) > (%(after_title)s, %(after_id)s) AND {catalogue_wanted}
ORDER BY p.title, p.id
LIMIT %(limit)s

-- fragment: catalogue_wanted
p.searchable LIKE ALL(%(patterns)s::text [])
AND (%(category)s::text IS NULL OR p.category = %(category)s)
AND (%(published)s::boolean IS NULL OR p.published = %(published)s)
AND (%(archived)s::boolean IS NULL OR (p.archived_at IS NOT NULL) = %(archived)s)

-- name: catalogue_count
SELECT count(*) FROM (SELECT FROM products AS p WHERE {catalogue_wanted} LIMIT %(limit)s) AS counted

-- name: title_of
SELECT title FROM products WHERE id = %(id)s

-- name: set_published
UPDATE products SET published = %(published)s, changed_at = %(now)s
WHERE id = %(id)s AND published <> %(published)s AND archived_at IS NULL
RETURNING slug
