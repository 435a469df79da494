-- owns: search_synonyms

-- name: matches
-- What has every word that was typed, its beginning, its stem, or a word that means the same.
SELECT p.id
FROM products AS p
LEFT JOIN product_popularity AS s ON s.product_id = p.id
WHERE
    p.published
    AND (%(category)s::text IS NULL OR p.category = %(category)s)
    AND p.stems @@ shop_search_query(%(terms)s::jsonb)
ORDER BY
    round(word_similarity(shop_letters(%(words)s), p.letters)::numeric, 2) DESC, s.units DESC NULLS LAST,
    p.title, p.id
LIMIT %(limit)s

-- name: matches_inside
-- Every word as it was typed, inside of others, too; the longest by the index, which knows Latin letters only.
SELECT p.id
FROM products AS p
LEFT JOIN product_popularity AS s ON s.product_id = p.id
WHERE
    p.published
    AND (%(category)s::text IS NULL OR p.category = %(category)s)
    AND p.letters LIKE shop_letters(%(longest)s)
    AND p.searchable LIKE ALL(%(patterns)s::text [])
ORDER BY
    round(word_similarity(shop_letters(%(words)s), p.letters)::numeric, 2) DESC, s.units DESC NULLS LAST,
    p.title, p.id
LIMIT %(limit)s

-- name: synonyms
SELECT words FROM search_synonyms ORDER BY place

-- name: forget_synonyms
DELETE FROM search_synonyms

-- name: save_synonyms
INSERT INTO search_synonyms (place, words)
SELECT g.place, ARRAY(SELECT jsonb_array_elements_text(g.words))
FROM jsonb_array_elements(%(groups)s::jsonb) WITH ORDINALITY AS g (words, place)

-- name: look_far
SELECT set_config('pg_trgm.word_similarity_threshold', '0.25', true)

-- name: near_matches
-- What has a word that looks somewhat like one of those typed: the nearest, to be looked at letter by letter.
SELECT p.id, p.letters, asked.letters AS asked
FROM (
    SELECT array_agg(shop_letters(w.word) ORDER BY w.at) AS letters
    FROM unnest(%(words)s::text []) WITH ORDINALITY AS w (word, at)
) AS asked
INNER JOIN products AS p ON p.letters %%> ANY(asked.letters)
LEFT JOIN product_popularity AS s ON s.product_id = p.id
WHERE p.published AND (%(category)s::text IS NULL OR p.category = %(category)s)
ORDER BY
    (SELECT sum(word_similarity(w.letters, p.letters)) FROM unnest(asked.letters) AS w (letters)) DESC,
    s.units DESC NULLS LAST, p.title, p.id
LIMIT %(limit)s
