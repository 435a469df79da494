-- What a customer fills in beside the address, and the titles as they read them.
ALTER TABLE orders ADD COLUMN region text NOT NULL DEFAULT '';
ALTER TABLE orders ADD COLUMN note text NOT NULL DEFAULT '';
ALTER TABLE orders ADD COLUMN billing jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN orders.region IS 'state, province or county, where addresses there name one';
COMMENT ON COLUMN orders.note IS 'what the customer wrote for the shop with the order';
COMMENT ON COLUMN orders.billing IS 'who is billed where, as far as that differs from the delivery; company and tax number';
ALTER TABLE order_lines ADD COLUMN title_shown text NOT NULL DEFAULT '';
COMMENT ON COLUMN order_lines.title_shown IS 'the title in the language of the order, where it has another one there';
ALTER TABLE payment_ways ADD COLUMN position bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN payment_ways.position IS 'its place among the ways at the checkout; those of one place as the providers are registered';
