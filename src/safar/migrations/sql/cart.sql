CREATE TABLE carts (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL,
    campaign_id uuid,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    ordered_at timestamptz,
    order_id uuid,
    discount_code text NOT NULL DEFAULT '',
    CHECK ((ordered_at IS NULL) = (order_id IS NULL))
);
COMMENT ON COLUMN carts.order_id IS 'the one order that the cart has become; none again when that came to nothing';

CREATE TABLE cart_lines (
    cart_id uuid NOT NULL REFERENCES carts (id),
    variant_id uuid NOT NULL REFERENCES variants (id),
    quantity bigint NOT NULL CHECK (quantity > 0 AND quantity <= 999),
    price_minor bigint NOT NULL,
    added_at timestamptz NOT NULL,
    currency text NOT NULL DEFAULT '',
    PRIMARY KEY (cart_id, variant_id)
);
COMMENT ON COLUMN cart_lines.price_minor IS 'what the customer saw last, so that a change can be told';
COMMENT ON COLUMN cart_lines.currency IS 'of the price that the customer saw last';
