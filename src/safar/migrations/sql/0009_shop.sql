CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE products (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    title text NOT NULL,
    description text NOT NULL DEFAULT '',
    category text NOT NULL,
    searchable text NOT NULL,
    created_at timestamptz NOT NULL
);
COMMENT ON COLUMN products.searchable IS 'title, category and SKUs, folded by kernel.text.fold';
CREATE INDEX products_searchable ON products USING gin (searchable gin_trgm_ops);
CREATE INDEX products_category ON products (category, title);

CREATE TABLE variants (
    id uuid PRIMARY KEY,
    product_id uuid NOT NULL REFERENCES products (id),
    sku text NOT NULL UNIQUE,
    title text NOT NULL,
    price_minor bigint NOT NULL CHECK (price_minor >= 0),
    currency text NOT NULL
);
CREATE INDEX variants_product ON variants (product_id);

CREATE TABLE carts (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL,
    campaign_id uuid,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    ordered_at timestamptz,
    order_id uuid,
    CHECK ((ordered_at IS NULL) = (order_id IS NULL))
);
COMMENT ON COLUMN carts.order_id IS 'the one order that the cart has become; none again when that came to nothing';

CREATE TABLE cart_lines (
    cart_id uuid NOT NULL REFERENCES carts (id),
    variant_id uuid NOT NULL REFERENCES variants (id),
    quantity bigint NOT NULL CHECK (quantity > 0 AND quantity <= 999),
    price_minor bigint NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (cart_id, variant_id)
);
COMMENT ON COLUMN cart_lines.price_minor IS 'what the customer saw last, so that a change can be told';

CREATE SEQUENCE order_numbers START 10001;

-- The order's id is also the id of its first hold: one idempotency key through checkout, ledger and payment.
CREATE TABLE orders (
    id uuid PRIMARY KEY,
    number bigint NOT NULL UNIQUE DEFAULT nextval('order_numbers'),
    state text NOT NULL CHECK (
        state IN ('placed', 'confirmed', 'packed', 'shipped', 'delivered', 'closed', 'cancelled')
    ),
    reason text,
    fingerprint bytea NOT NULL,
    customer_id uuid NOT NULL REFERENCES customers (id),
    visitor_id uuid,
    cart_id uuid,
    campaign_id uuid,
    hold_id uuid NOT NULL,
    held_until timestamptz NOT NULL,
    longer_until timestamptz,
    email text NOT NULL,
    name text NOT NULL,
    address text NOT NULL,
    language text NOT NULL,
    total_minor bigint NOT NULL CHECK (total_minor >= 0),
    currency text NOT NULL,
    placed_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    shipped_at timestamptz,
    delivered_at timestamptz,
    cancelled_at timestamptz,
    links_since timestamptz
);
COMMENT ON COLUMN orders.longer_until IS
'until when its units are kept once a mail to its address came back; none: no longer than held_until';
COMMENT ON COLUMN orders.visitor_id IS 'the browser that placed it';
COMMENT ON COLUMN orders.links_since IS 'links to the order made before this no longer open it';
COMMENT ON COLUMN orders.hold_id IS 'the hold that is claimed: the first one, or one placed again after it';
COMMENT ON COLUMN orders.fingerprint IS 'hash of the request: the same id with another body is refused';
CREATE INDEX orders_customer ON orders (customer_id, placed_at DESC);
CREATE INDEX orders_state ON orders (state, number DESC);
CREATE INDEX orders_confirmed ON orders (confirmed_at) WHERE confirmed_at IS NOT NULL;

-- Browsers in which an order's signed link was opened, besides the one that placed it.
CREATE TABLE order_readers (
    order_id uuid NOT NULL REFERENCES orders (id),
    visitor_id uuid NOT NULL,
    by_mail boolean NOT NULL,
    opened_at timestamptz NOT NULL,
    PRIMARY KEY (order_id, visitor_id)
);
COMMENT ON COLUMN order_readers.by_mail IS 'by the link that only the order''s mailbox got';
CREATE INDEX order_readers_visitor ON order_readers (visitor_id);

CREATE TABLE order_lines (
    order_id uuid NOT NULL REFERENCES orders (id),
    variant_id uuid NOT NULL REFERENCES variants (id),
    quantity bigint NOT NULL CHECK (quantity > 0),
    price_minor bigint NOT NULL CHECK (price_minor >= 0),
    title text NOT NULL,
    PRIMARY KEY (order_id, variant_id)
);

CREATE TABLE payments (
    order_id uuid PRIMARY KEY REFERENCES orders (id),
    provider text NOT NULL,
    state text NOT NULL CHECK (state IN ('started', 'paid', 'due', 'failed', 'owed', 'refunded')),
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    reference text,
    reason text,
    method text NOT NULL DEFAULT '',
    changed_at timestamptz NOT NULL,
    by_visitor bigint,
    by_address bigint,
    by_network bigint
);
COMMENT ON COLUMN payments.by_visitor IS 'hash of who ordered it, as of the address and the network: see shop/unpaid.py';
CREATE INDEX payments_by_visitor ON payments (by_visitor, changed_at) WHERE state IN ('started', 'due');
CREATE INDEX payments_by_address ON payments (by_address, changed_at) WHERE state IN ('started', 'due');
CREATE INDEX payments_by_network ON payments (by_network, changed_at) WHERE state IN ('started', 'due');
COMMENT ON COLUMN payments.state IS 'owed: paid for an order that was cancelled, to be refunded';
CREATE INDEX payments_open ON payments (changed_at) WHERE state IN ('started', 'owed');

-- Mails about orders that went to mailboxes which nobody has proven: what one network, and one address, had lately.
CREATE TABLE first_mails (
    message_id uuid PRIMARY KEY,
    network bigint,
    address bigint NOT NULL,
    left_at timestamptz NOT NULL
);
COMMENT ON COLUMN first_mails.network IS 'hash of who caused it, as of the address: see shop/unpaid.py';
CREATE INDEX first_mails_network ON first_mails (network, left_at) WHERE network IS NOT NULL;
CREATE INDEX first_mails_address ON first_mails (address, left_at);

-- The test card's own book, as a real provider keeps one: what it charged, by our idempotency key.
CREATE TABLE test_card_charges (
    key uuid PRIMARY KEY,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('paid', 'declined', 'refunded')),
    charged_at timestamptz NOT NULL
);

CREATE INDEX orders_campaign ON orders (campaign_id) WHERE campaign_id IS NOT NULL;

-- What counts as sold, whatever shows it: confirmed, and not cancelled since; packing or closing an order changes
-- nothing of it.
CREATE VIEW sales AS
SELECT id, customer_id, campaign_id, confirmed_at, currency, total_minor FROM orders
WHERE confirmed_at IS NOT NULL AND state <> 'cancelled';
