-- The words of a folded text as they are compared: each as it is, and without its English and Portuguese endings.
-- What ends like a Portuguese plural that Snowball keeps apart from its singular (canções, jornais) gets its singular
-- first. Words are what stands between the signs of ASCII, in every script and whatever the locale of the database.
CREATE FUNCTION shop_stems(folded text) RETURNS text []
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN coalesce(
    (
        SELECT array_agg(DISTINCT s.stem)
        FROM string_to_table(
            translate(folded, $signs$!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~$signs$, repeat(' ', 32)), ' '
        ) AS w (word)
        CROSS JOIN LATERAL (
            VALUES
            (w.word),
            ((ts_lexize('english_stem', w.word))[1]),
            (
                (
                    ts_lexize(
                        'portuguese_stem',
                        CASE
                            WHEN w.word ~ '^[a-z]{2,}(oes|aes)$' THEN regexp_replace(w.word, '(oes|aes)$', 'ao')
                            WHEN w.word ~ '^[a-z]{2,}[aeou]is$' THEN regexp_replace(w.word, 'is$', 'l')
                            WHEN w.word ~ '^[a-z]{2,}ns$' THEN regexp_replace(w.word, 'ns$', 'm')
                            ELSE w.word
                        END
                    )
                )[1]
            )
        ) AS s (stem)
        WHERE s.stem <> ''
    ),
    '{}'
);

-- One typed word: what begins with it, or has a stem of it.
CREATE FUNCTION shop_word_query(folded text) RETURNS tsquery
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    SELECT
        string_agg(
            '''' || replace(s.stem, '\', '\\') || '''' || CASE WHEN s.stem = folded AND length(folded) > 1 THEN ':*' ELSE '' END,
            ' | '
        )::tsquery
    FROM unnest(shop_stems(folded)) AS s (stem)
);

-- What was typed: all of its terms; of a term one of its alternatives; of an alternative all of its words.
CREATE FUNCTION shop_search_query(terms jsonb) RETURNS tsquery
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    SELECT string_agg('(' || t.alternatives || ')', ' & ')::tsquery
    FROM (
        SELECT string_agg('(' || a.query || ')', ' | ') AS alternatives
        FROM jsonb_array_elements(terms) WITH ORDINALITY AS term (alternatives, place)
        CROSS JOIN LATERAL (
            SELECT string_agg('(' || shop_word_query(w.word)::text || ')', ' & ') AS query
            FROM jsonb_array_elements(term.alternatives) WITH ORDINALITY AS alternative (words, place)
            CROSS JOIN LATERAL jsonb_array_elements_text(alternative.words) AS w (word)
            GROUP BY alternative.place
        ) AS a
        GROUP BY term.place
    ) AS t
);

ALTER TABLE products ADD COLUMN stems tsvector
-- A catalogue is written anew within seconds.
-- squawk-ignore adding-field-with-default
GENERATED ALWAYS AS (array_to_tsvector(shop_stems(searchable))) STORED;
COMMENT ON COLUMN products.stems IS 'the words of searchable and their stems: what a query is compared with first';
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX products_stems ON products USING gin (stems);

CREATE TABLE search_synonyms (
    place bigint PRIMARY KEY,
    words text [] NOT NULL CHECK (cardinality(words) BETWEEN 2 AND 20)
);
COMMENT ON COLUMN search_synonyms.words IS 'who searches for one of them finds the others, too; as somebody typed them';

INSERT INTO search_synonyms (place, words)
SELECT w.place, string_to_array(w.words, ', ')
FROM unnest(ARRAY[
    'xmas, christmas', 'tee, t-shirt', 'jewellery, jewelry', 'pyjamas, pajamas', 'grey, gray', 'colour, color',
    'bbq, barbecue', 'camiseta, t-shirt'
]) WITH ORDINALITY AS w (words, place);
