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
    links_since timestamptz,
    country text NOT NULL DEFAULT '',
    postcode text NOT NULL DEFAULT '',
    city text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    subtotal_minor bigint NOT NULL DEFAULT 0,
    discount_minor bigint NOT NULL DEFAULT 0,
    shipping_minor bigint NOT NULL DEFAULT 0,
    tax_minor bigint NOT NULL DEFAULT 0,
    tax_included boolean NOT NULL DEFAULT true,
    shipping_key text NOT NULL DEFAULT '',
    discount_code text NOT NULL DEFAULT '',
    promised_on date,
    packed_at timestamptz,
    closed_at timestamptz,
    credit_minor bigint NOT NULL DEFAULT 0 CHECK (credit_minor >= 0),
    waived_minor bigint NOT NULL DEFAULT 0 CHECK (waived_minor >= 0),
    delivery_back_minor bigint NOT NULL DEFAULT 0 CHECK (delivery_back_minor >= 0),
    shipping_tax_minor bigint NOT NULL DEFAULT 0,
    shipping_tax_rate bigint NOT NULL DEFAULT 0,
    taken_by uuid,
    region text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    billing jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON COLUMN orders.longer_until IS
'until when its units are kept once a mail to its address came back; none: no longer than held_until';
COMMENT ON COLUMN orders.visitor_id IS 'the browser that placed it';
COMMENT ON COLUMN orders.links_since IS 'links to the order made before this no longer open it';
COMMENT ON COLUMN orders.hold_id IS 'the hold that is claimed: the first one, or one placed again after it';
COMMENT ON COLUMN orders.fingerprint IS 'hash of the request: the same id with another body is refused';
COMMENT ON COLUMN orders.promised_on IS 'for units that are still to come: when the customer was told that they leave';
COMMENT ON COLUMN orders.delivery_back_minor IS 'what went back of what sending it had cost';
COMMENT ON COLUMN orders.shipping_tax_rate IS 'the rate that was used, in parts per 100,000';
COMMENT ON COLUMN orders.credit_minor IS 'what its goods were paid with, besides the total: the credit of an exchange';
COMMENT ON COLUMN orders.waived_minor IS 'what need not be paid any more: for goods that will not come, or came back unpaid';
COMMENT ON COLUMN orders.taken_by IS 'who of the staff took it down, by phone or at the counter; none: the customer ordered';
COMMENT ON COLUMN orders.region IS 'state, province or county, where addresses there name one';
COMMENT ON COLUMN orders.note IS 'what the customer wrote for the shop with the order';
COMMENT ON COLUMN orders.billing IS 'who is billed where, as far as that differs from the delivery; company and tax number';
CREATE INDEX orders_customer ON orders (customer_id, placed_at DESC);
CREATE INDEX orders_state ON orders (state, number DESC);
CREATE INDEX orders_confirmed ON orders (confirmed_at) WHERE confirmed_at IS NOT NULL;
CREATE INDEX orders_campaign ON orders (campaign_id) WHERE campaign_id IS NOT NULL;
-- What a code brought; most orders have none.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX orders_discount ON orders (discount_code) WHERE discount_code <> '';
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX orders_delivered ON orders (delivered_at) WHERE state = 'delivered';
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX orders_sent ON orders (shipped_at) WHERE state = 'shipped';

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
    discount_minor bigint NOT NULL DEFAULT 0 CHECK (discount_minor >= 0),
    tax_minor bigint NOT NULL DEFAULT 0 CHECK (tax_minor >= 0),
    tax_class text NOT NULL DEFAULT 'standard',
    tax_rate bigint NOT NULL DEFAULT 0,
    parts jsonb NOT NULL DEFAULT '[]',
    given_up bigint NOT NULL DEFAULT 0 CHECK (given_up >= 0 AND given_up <= quantity),
    title_shown text NOT NULL DEFAULT '',
    PRIMARY KEY (order_id, variant_id)
);
COMMENT ON COLUMN order_lines.tax_rate IS 'the rate that was used, in parts per 100,000';
COMMENT ON COLUMN order_lines.parts IS 'of a kit its parts as it was sold: [variant, units of one kit]';
COMMENT ON COLUMN order_lines.given_up IS 'units of the quantity that will not be sent';
COMMENT ON COLUMN order_lines.title_shown IS 'the title in the language of the order, where it has another one there';
-- New indexes on tables that are there already. (Migrations run in a transaction.)
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX order_lines_variant ON order_lines (variant_id, order_id DESC);

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
    by_network bigint,
    data jsonb NOT NULL DEFAULT '{}',
    redirect text,
    expires_at timestamptz,
    rest_until timestamptz,
    captured_minor bigint NOT NULL DEFAULT 0 CHECK (captured_minor >= 0),
    carried_minor bigint NOT NULL DEFAULT 0 CHECK (carried_minor >= 0),
    refunding_minor bigint NOT NULL DEFAULT 0 CHECK (refunding_minor >= 0),
    refunded_minor bigint NOT NULL DEFAULT 0 CHECK (refunded_minor >= 0 AND refunded_minor <= refunding_minor)
);
COMMENT ON COLUMN payments.by_visitor IS 'hash of who ordered it, as of the address and the network: see shop/unpaid.py';
COMMENT ON COLUMN payments.state IS 'owed: paid for an order that was cancelled, to be refunded';
COMMENT ON COLUMN payments.data IS 'what the provider needs to find the charge again, and the customer to pay it';
COMMENT ON COLUMN payments.redirect IS 'the provider''s page on which the customer pays';
COMMENT ON COLUMN payments.rest_until IS 'the recovery loop does not look at it before';
COMMENT ON COLUMN payments.captured_minor IS 'sum of its receipts; cash on delivery has none';
COMMENT ON COLUMN payments.carried_minor IS 'of its money, what pays for other orders by now: credits of exchanges';
COMMENT ON COLUMN payments.refunding_minor IS 'sum of its refunds, those carried out included';
CREATE INDEX payments_by_visitor ON payments (by_visitor, changed_at) WHERE state IN ('started', 'due');
CREATE INDEX payments_by_address ON payments (by_address, changed_at) WHERE state IN ('started', 'due');
CREATE INDEX payments_by_network ON payments (by_network, changed_at) WHERE state IN ('started', 'due');
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX payments_open ON payments ((greatest(changed_at, rest_until)))
WHERE
    state = 'started'
    OR (state = 'owed' AND refunding_minor < greatest(captured_minor, amount_minor))
    OR (state = 'failed' AND captured_minor > refunding_minor);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX payments_state ON payments (state) WHERE state IN ('failed', 'owed', 'refunded');

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

-- What an order takes from which shelf: the parts of a kit instead of the kit, a line in two places twice.
CREATE TABLE order_goods (
    order_id uuid NOT NULL REFERENCES orders (id),
    variant_id uuid NOT NULL REFERENCES variants (id),
    location_id uuid NOT NULL REFERENCES stock_locations (id),
    quantity bigint NOT NULL CHECK (quantity >= 0),
    shipped bigint NOT NULL DEFAULT 0 CHECK (shipped >= 0 AND shipped <= quantity),
    PRIMARY KEY (order_id, variant_id, location_id)
);
COMMENT ON COLUMN order_goods.shipped IS 'of the quantity; the rest still lies at the location, packed or to be packed';

-- Notes that only staff see. What an address was before it was changed is one, too.
CREATE TABLE order_notes (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders (id),
    kind text NOT NULL CHECK (kind IN ('note', 'address')),
    text text NOT NULL,
    staff_id uuid NOT NULL,
    written_at timestamptz NOT NULL
);
CREATE INDEX order_notes_order ON order_notes (order_id, written_at);

CREATE TABLE order_tags (
    order_id uuid NOT NULL REFERENCES orders (id),
    tag text NOT NULL,
    PRIMARY KEY (order_id, tag)
);
CREATE INDEX order_tags_tag ON order_tags (tag, order_id);

-- Filters of the list of orders that a member of the staff wants again.
CREATE TABLE order_views (
    id uuid PRIMARY KEY,
    staff_id uuid NOT NULL,
    name text NOT NULL,
    filters text NOT NULL,
    saved_at timestamptz NOT NULL,
    UNIQUE (staff_id, name)
);

-- What counts as sold, whatever shows it: confirmed, and not cancelled since; packing or closing an order changes
-- nothing of it.
CREATE VIEW sales AS
SELECT id, customer_id, campaign_id, confirmed_at, currency, total_minor FROM orders
WHERE confirmed_at IS NOT NULL AND state <> 'cancelled';
