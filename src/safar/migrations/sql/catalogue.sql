CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Folded text in Latin letters, one for each letter, by its sound: what people mix up in writing becomes the same
-- (ص and س, ि and ी, ख and क). pg_trgm knows ASCII whatever the locale of the database; of other scripts it may
-- know nothing. A letter without a place in the second row is left out.
CREATE FUNCTION shop_letters(folded text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN translate(
    folded,
    'اعءآأإبپتطثسصجچحهةخدذزضظرژشغقفکگلمنویئؤےہھٹڈڑں'
    'अआइईउऊऋएऐऑओऔािीुूृेैॉोौकखगघङचछजझञटठडढणतथदधनपफबभमयरलळवशषसहंँः्',
    'aaaaaabpttsssjchhhxdzzzzrjwqqfkglmnvyyvyhhtdrn'
    'aaiiuureeoooaiiuureeoookkggnccjjnttddnttddnppbbmyrllvssshnnh'
);

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

CREATE TABLE products (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    title text NOT NULL,
    description text NOT NULL DEFAULT '',
    category text NOT NULL,
    searchable text NOT NULL,
    created_at timestamptz NOT NULL,
    published boolean NOT NULL DEFAULT true,
    image text,
    order_max bigint CHECK (order_max > 0),
    changed_at timestamptz NOT NULL DEFAULT now(),
    archived_at timestamptz CHECK (archived_at IS NULL OR NOT published),
    published_before boolean NOT NULL DEFAULT false,
    letters text GENERATED ALWAYS AS (shop_letters(searchable)) STORED,
    stems tsvector GENERATED ALWAYS AS (array_to_tsvector(shop_stems(searchable))) STORED
);
COMMENT ON COLUMN products.searchable IS 'title, category and SKUs, folded by kernel.text.fold';
COMMENT ON COLUMN products.order_max IS 'most units in one order, all variants together; null: as many as the shop allows';
COMMENT ON COLUMN products.archived_at IS 'since when staff have put it away: not in the shop, and in their list only when asked for';
COMMENT ON COLUMN products.published_before IS 'whether it was in the shop when it was archived: so it comes back';
COMMENT ON COLUMN products.image IS 'digest of the first of its pictures';
COMMENT ON COLUMN products.letters IS 'searchable in Latin letters: what a misspelt query is compared with';
COMMENT ON COLUMN products.stems IS 'the words of searchable and their stems: what a query is compared with first';
CREATE INDEX products_searchable ON products USING gin (searchable gin_trgm_ops);
CREATE INDEX products_category ON products (category, title);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX products_title ON products (title, id);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX products_letters ON products USING gin (letters gin_trgm_ops);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX products_stems ON products USING gin (stems);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX products_newest ON products (created_at DESC) WHERE published;

CREATE TABLE variants (
    id uuid PRIMARY KEY,
    product_id uuid NOT NULL REFERENCES products (id),
    sku text NOT NULL UNIQUE,
    title text NOT NULL,
    price_minor bigint NOT NULL CHECK (price_minor >= 0),
    currency text NOT NULL,
    was_minor bigint CHECK (was_minor > price_minor),
    barcode text,
    weight_g bigint NOT NULL DEFAULT 0 CHECK (weight_g >= 0),
    tax_class text NOT NULL DEFAULT 'standard' CHECK (tax_class IN ('standard', 'reduced', 'zero')),
    options json NOT NULL DEFAULT '{}',
    tracks_lots boolean NOT NULL DEFAULT false,
    is_kit boolean NOT NULL DEFAULT false,
    published boolean NOT NULL DEFAULT true,
    image text,
    position bigint NOT NULL DEFAULT 0
);
COMMENT ON COLUMN variants.barcode IS 'EAN-8, EAN-13 or GTIN-14 in digits; a UPC-A with a zero before it';
COMMENT ON COLUMN variants.options IS 'what sets it apart from its sisters, such as {"Colour": "Red"}; json, which keeps their order';
CREATE INDEX variants_product ON variants (product_id);
-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX variants_barcode ON variants (barcode);

CREATE TABLE product_words (
    product_id uuid NOT NULL REFERENCES products (id),
    language text NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    options jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (product_id, language)
);
COMMENT ON COLUMN product_words.options IS 'names and values of options in this language, by those of the variants';

CREATE TABLE variant_prices (
    variant_id uuid NOT NULL REFERENCES variants (id),
    currency text NOT NULL,
    price_minor bigint NOT NULL CHECK (price_minor >= 0),
    was_minor bigint CHECK (was_minor > price_minor),
    PRIMARY KEY (variant_id, currency)
);

CREATE TABLE catalogue_rates (
    currency text PRIMARY KEY,
    rate numeric NOT NULL CHECK (rate > 0),
    round_to_minor bigint NOT NULL DEFAULT 1 CHECK (round_to_minor > 0),
    changed_at timestamptz NOT NULL
);
COMMENT ON COLUMN catalogue_rates.rate IS 'units of the currency for one of the currency of the shop';

CREATE TABLE kit_parts (
    kit_id uuid NOT NULL REFERENCES variants (id),
    part_id uuid NOT NULL REFERENCES variants (id),
    units bigint NOT NULL CHECK (units > 0),
    PRIMARY KEY (kit_id, part_id),
    CHECK (kit_id <> part_id)
);
CREATE INDEX kit_parts_part ON kit_parts (part_id);

CREATE TABLE categories (
    key text PRIMARY KEY,
    names jsonb NOT NULL DEFAULT '{}',
    position bigint NOT NULL DEFAULT 0,
    changed_at timestamptz NOT NULL
);
COMMENT ON COLUMN categories.names IS 'by language; a category that is missing here, or a language, keeps its built-in name or its key';

-- A picture as it was taken in: turned upright, without what the camera wrote into it, in the widths that pages use.
CREATE TABLE pictures (
    digest text PRIMARY KEY,
    width bigint NOT NULL,
    height bigint NOT NULL,
    added_at timestamptz NOT NULL
);

CREATE TABLE picture_files (
    digest text NOT NULL REFERENCES pictures (digest),
    width bigint NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (digest, width)
);
ALTER TABLE picture_files ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE TABLE product_images (
    product_id uuid NOT NULL REFERENCES products (id),
    digest text NOT NULL REFERENCES pictures (digest),
    position bigint NOT NULL,
    description text NOT NULL DEFAULT '',
    PRIMARY KEY (product_id, digest)
);
COMMENT ON COLUMN product_images.description IS 'what the picture shows, for those who cannot see it';

-- What somebody has uploaded to be looked at before it is written.
CREATE TABLE sheet_uploads (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('products', 'stock', 'customers')),
    staff_id uuid NOT NULL,
    name text NOT NULL,
    columns jsonb NOT NULL,
    uploaded_at timestamptz NOT NULL,
    written_at timestamptz,
    written bigint NOT NULL DEFAULT 0,
    written_until bigint NOT NULL DEFAULT 0,
    kits_until bigint NOT NULL DEFAULT 0
);
COMMENT ON COLUMN sheet_uploads.written_until IS 'row of the file up to which a long one is written already';
COMMENT ON COLUMN sheet_uploads.kits_until IS 'the same of what kits consist of, which comes last';
COMMENT ON COLUMN sheet_uploads.columns IS 'that of the file are not ours and are left out';
CREATE INDEX sheet_uploads_old ON sheet_uploads (uploaded_at);

CREATE TABLE sheet_rows (
    upload_id uuid NOT NULL REFERENCES sheet_uploads (id) ON DELETE CASCADE,
    number bigint NOT NULL,
    leads bigint NOT NULL,
    sku text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('new', 'changed', 'same', 'wrong')),
    record jsonb NOT NULL,
    notes jsonb NOT NULL,
    PRIMARY KEY (upload_id, number)
);
COMMENT ON COLUMN sheet_rows.number IS 'of the row in the file, as a spreadsheet counts: the header is 1';
COMMENT ON COLUMN sheet_rows.leads IS 'first row of those that are written together, as they are of one product';
COMMENT ON COLUMN sheet_rows.notes IS 'what is wrong, or what would change: [[column, code or value before, value after], ...]';
CREATE INDEX sheet_rows_outcome ON sheet_rows (upload_id, outcome, number);
CREATE INDEX sheet_rows_leads ON sheet_rows (upload_id, leads, number);

-- A variant as other rooms read it: with what it has from its product.
CREATE VIEW catalogue_variants AS
SELECT
    v.id,
    v.product_id,
    v.sku,
    v.title,
    v.price_minor,
    v.currency,
    p.slug,
    p.category,
    v.barcode,
    v.weight_g,
    v.tax_class,
    v.options,
    v.tracks_lots,
    v.is_kit,
    v.published AND p.published AS published,
    coalesce(v.image, p.image) AS image,
    p.order_max
FROM variants AS v
INNER JOIN products AS p ON p.id = v.product_id;

-- Everything the catalogue knows of a variant and its product: what forms, files and comparisons work on.
CREATE VIEW catalogue_articles AS
SELECT
    v.id,
    v.product_id,
    p.slug,
    p.title,
    p.description,
    p.category,
    p.published AS product_published,
    p.order_max,
    coalesce(w.words, '{}') AS words,
    v.sku,
    v.price_minor,
    v.was_minor,
    v.currency,
    v.barcode,
    v.weight_g,
    v.tax_class,
    v.options,
    v.tracks_lots,
    v.published,
    v.position,
    v.image,
    coalesce(o.prices, '{}') AS prices,
    coalesce(k.parts, '{}') AS parts
FROM variants AS v
INNER JOIN products AS p ON p.id = v.product_id
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(
        t.language, jsonb_build_object('title', t.title, 'description', t.description, 'options', t.options)
    ) AS words
    FROM product_words AS t WHERE t.product_id = p.id
) AS w ON true
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(t.currency, jsonb_build_array(t.price_minor, t.was_minor)) AS prices
    FROM variant_prices AS t WHERE t.variant_id = v.id
) AS o ON true
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(b.sku, t.units) AS parts
    FROM kit_parts AS t INNER JOIN variants AS b ON b.id = t.part_id WHERE t.kit_id = v.id
) AS k ON true;

-- Kept by every process: see rare_changes.
CREATE TRIGGER products_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON products
FOR EACH STATEMENT EXECUTE FUNCTION note_rare_change();
CREATE TRIGGER variants_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON variants
FOR EACH STATEMENT EXECUTE FUNCTION note_rare_change();
CREATE TRIGGER product_words_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON product_words
FOR EACH STATEMENT EXECUTE FUNCTION note_rare_change();
CREATE TRIGGER variant_prices_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON variant_prices
FOR EACH STATEMENT EXECUTE FUNCTION note_rare_change();
CREATE TRIGGER catalogue_rates_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON catalogue_rates
FOR EACH STATEMENT EXECUTE FUNCTION note_rare_change();
CREATE TRIGGER kit_parts_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON kit_parts
FOR EACH STATEMENT EXECUTE FUNCTION note_rare_change();
