-- owns: shop_pages

-- name: pages
SELECT slug, place, position, titles, texts, skus FROM shop_pages
ORDER BY position, slug

-- name: page
SELECT slug, place, position, titles, texts, skus FROM shop_pages
WHERE slug = %(slug)s

-- name: count_pages
SELECT count(*) FROM shop_pages

-- name: save_page
INSERT INTO shop_pages (slug, place, position, titles, texts, skus, changed_at)
VALUES (%(slug)s, %(place)s, %(position)s, %(titles)s, %(texts)s, %(skus)s, %(now)s)
ON CONFLICT (slug) DO UPDATE SET
    place = excluded.place, position = excluded.position, titles = excluded.titles, texts = excluded.texts,
    skus = excluded.skus, changed_at = excluded.changed_at

-- name: remove_page
DELETE FROM shop_pages WHERE slug = %(slug)s
RETURNING slug

-- name: goods_of_page
-- The products of these SKUs, in their order.
SELECT v.product_id AS id
FROM unnest(%(skus)s::text []) WITH ORDINALITY AS s (sku, place)
INNER JOIN variants AS v ON v.sku = s.sku AND v.published
GROUP BY v.product_id
ORDER BY min(s.place)
