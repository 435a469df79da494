-- name: archived_at
SELECT archived_at FROM products WHERE id = %(id)s

-- name: archive
UPDATE products
SET archived_at = %(now)s, published_before = published, published = false, changed_at = %(now)s
WHERE id = %(id)s AND archived_at IS NULL
RETURNING slug

-- name: restore
UPDATE products
SET archived_at = NULL, published = published_before, published_before = false, changed_at = %(now)s
WHERE id = %(id)s AND archived_at IS NOT NULL
RETURNING slug

-- name: digests_of_product
SELECT digest FROM product_images WHERE product_id = %(id)s ORDER BY digest

-- name: delete_parts
DELETE FROM kit_parts WHERE kit_id = ANY(%(ids)s)

-- name: delete_prices
DELETE FROM variant_prices WHERE variant_id = ANY(%(ids)s)

-- name: delete_words
DELETE FROM product_words WHERE product_id = %(id)s

-- name: delete_images
DELETE FROM product_images WHERE product_id = %(id)s

-- name: delete_variants
-- What refers to one of them anywhere refuses this.
DELETE FROM variants WHERE id = ANY(%(ids)s)

-- name: delete_product
DELETE FROM products WHERE id = %(id)s
