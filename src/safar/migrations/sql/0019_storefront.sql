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

-- squawk-ignore adding-field-with-default
ALTER TABLE products ADD COLUMN letters text GENERATED ALWAYS AS (shop_letters(searchable)) STORED;
COMMENT ON COLUMN products.letters IS 'searchable in Latin letters: what a misspelt query is compared with';
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX products_letters ON products USING gin (letters gin_trgm_ops);

-- What has sold lately, counted now and then: the order of "popular".
CREATE TABLE product_popularity (
    product_id uuid PRIMARY KEY REFERENCES products (id),
    units bigint NOT NULL CHECK (units > 0),
    counted_at timestamptz NOT NULL
);

CREATE INDEX product_popularity_units ON product_popularity (units DESC);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX products_newest ON products (created_at DESC) WHERE published;

-- Units of a variant that the shop can still promise to anybody: for filters; shop.availability counts for one visitor.
CREATE VIEW shop_units AS
SELECT l.variant_id, sum(greatest(a.on_hand - a.held - a.reserve + a.backorder, 0)) AS units
FROM stock_levels AS l
INNER JOIN capacity_accounts AS a ON a.id = l.account_id
INNER JOIN stock_locations AS s ON s.id = l.location_id
WHERE s.active AND s.sells AND s.kind IN ('warehouse', 'store')
GROUP BY l.variant_id;

-- What the shop says of itself, in its own words; without them it speaks the built-in ones.
CREATE TABLE shop_words (
    key text NOT NULL,
    language text NOT NULL,
    words text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (key, language)
);
COMMENT ON COLUMN shop_words.language IS 'empty for what is the same in every language, such as an address';

CREATE TABLE wishlists (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    link_id uuid UNIQUE,
    link_until timestamptz
);
COMMENT ON COLUMN wishlists.link_id IS 'of the one link by which others may look; null: nobody may';

CREATE TABLE wishlist_items (
    wishlist_id uuid NOT NULL REFERENCES wishlists (id),
    variant_id uuid NOT NULL REFERENCES variants (id),
    added_at timestamptz NOT NULL,
    PRIMARY KEY (wishlist_id, variant_id)
);

-- asked: the address is not confirmed yet. told: the one mail was written.
CREATE TABLE back_in_stock_requests (
    id uuid PRIMARY KEY,
    variant_id uuid NOT NULL REFERENCES variants (id),
    customer_id uuid NOT NULL,
    campaign_id uuid,
    email text NOT NULL,
    language text NOT NULL,
    state text NOT NULL CHECK (state IN ('asked', 'confirmed', 'told', 'cancelled')),
    asked_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    told_at timestamptz,
    CHECK (state <> 'confirmed' OR confirmed_at IS NOT NULL),
    CHECK ((state = 'told') = (told_at IS NOT NULL))
);
CREATE UNIQUE INDEX back_in_stock_open ON back_in_stock_requests (variant_id, email)
WHERE state IN ('asked', 'confirmed');
CREATE INDEX back_in_stock_waiting ON back_in_stock_requests (variant_id, confirmed_at, id) WHERE state = 'confirmed';
CREATE INDEX back_in_stock_told ON back_in_stock_requests (variant_id, told_at) WHERE state = 'told';
CREATE INDEX back_in_stock_email ON back_in_stock_requests (email, asked_at);
CREATE INDEX back_in_stock_asked ON back_in_stock_requests (asked_at) WHERE state <> 'confirmed';
