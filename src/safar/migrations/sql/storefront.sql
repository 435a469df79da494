-- What has sold lately, counted now and then: the order of "popular".
CREATE TABLE product_popularity (
    product_id uuid PRIMARY KEY REFERENCES products (id),
    units bigint NOT NULL CHECK (units > 0),
    counted_at timestamptz NOT NULL
);
CREATE INDEX product_popularity_units ON product_popularity (units DESC);

-- Which products were bought together lately, counted now and then.
CREATE TABLE product_pairs (
    product_id uuid NOT NULL REFERENCES products (id),
    other_id uuid NOT NULL REFERENCES products (id),
    orders bigint NOT NULL CHECK (orders > 1),
    counted_at timestamptz NOT NULL,
    PRIMARY KEY (product_id, other_id)
);

-- Pages that the owner writes, with goods below the text where it is a collection.
CREATE TABLE shop_pages (
    slug text PRIMARY KEY,
    place text NOT NULL CHECK (place IN ('menu', 'foot', 'none')),
    position bigint NOT NULL,
    titles jsonb NOT NULL,
    texts jsonb NOT NULL,
    skus text [] NOT NULL,
    changed_at timestamptz NOT NULL
);
COMMENT ON COLUMN shop_pages.titles IS 'by language, as the texts, which are Markdown';

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

-- Whoever asks for e-mails about offers is asked once by mail whether it was them; what they agreed to is kept
-- with the consent (consent_records).
CREATE TABLE newsletter_requests (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customers (id),
    email text NOT NULL,
    language text NOT NULL,
    source text NOT NULL CHECK (source IN ('sign_up', 'checkout')),
    wording text NOT NULL,
    state text NOT NULL CHECK (state IN ('asked', 'confirmed', 'declined')),
    asked_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK ((state = 'asked') = (ended_at IS NULL))
);
COMMENT ON COLUMN newsletter_requests.wording IS 'the words that were agreed to, as they were shown';
CREATE INDEX newsletter_requests_email ON newsletter_requests (email, asked_at);
CREATE INDEX newsletter_requests_customer ON newsletter_requests (customer_id);
CREATE INDEX newsletter_requests_asked ON newsletter_requests (asked_at);

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
