-- The test card's own book, as a real provider keeps one: what it charged, by our idempotency key.
CREATE TABLE test_card_charges (
    key uuid PRIMARY KEY,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('paid', 'declined', 'refunded')),
    charged_at timestamptz NOT NULL
);

-- Money that arrived. Without an order: nobody knows yet what it is for.
CREATE TABLE payment_receipts (
    id uuid PRIMARY KEY,
    order_id uuid REFERENCES orders (id),
    provider text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency text NOT NULL,
    reference text NOT NULL DEFAULT '',
    named text NOT NULL DEFAULT '',
    staff_id uuid,
    received_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_note text,
    doubt text NOT NULL DEFAULT '',
    payer text NOT NULL DEFAULT ''
);
COMMENT ON COLUMN payment_receipts.reference IS 'what the bank or provider calls it';
COMMENT ON COLUMN payment_receipts.named IS 'the reference that the payer gave';
COMMENT ON COLUMN payment_receipts.doubt IS 'why it was not taken for the order that it names: somebody has to look';
CREATE INDEX payment_receipts_order ON payment_receipts (order_id);
CREATE INDEX payment_receipts_unknown ON payment_receipts (received_at) WHERE order_id IS NULL AND closed_at IS NULL;

CREATE TABLE refunds (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders (id),
    provider text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency text NOT NULL,
    state text NOT NULL CHECK (state IN ('asked', 'by_hand', 'done', 'failed')),
    reason text NOT NULL,
    problem text,
    reference text,
    staff_id uuid,
    done_by uuid,
    asked_at timestamptz NOT NULL,
    next_try_at timestamptz NOT NULL,
    tries bigint NOT NULL DEFAULT 0,
    failures bigint NOT NULL DEFAULT 0,
    done_at timestamptz
);
COMMENT ON COLUMN refunds.state IS 'asked: of the provider. by_hand: a task of the staff. failed: the provider refuses; theirs, too';
CREATE INDEX refunds_order ON refunds (order_id);
CREATE INDEX refunds_due ON refunds (next_try_at) WHERE state = 'asked';
CREATE INDEX refunds_tasks ON refunds (asked_at) WHERE state <> 'done';

-- The ways to pay that this shop offers. No currency or no country means all that the provider can.
CREATE TABLE payment_ways (
    provider text PRIMARY KEY,
    enabled boolean NOT NULL,
    currencies text [] NOT NULL DEFAULT '{}',
    countries text [] NOT NULL DEFAULT '{}',
    details jsonb NOT NULL DEFAULT '{}',
    secrets bytea,
    changed_at timestamptz NOT NULL DEFAULT now(),
    position bigint NOT NULL DEFAULT 0
);
COMMENT ON COLUMN payment_ways.secrets IS 'encrypted by kernel.secrets.Vault';
COMMENT ON COLUMN payment_ways.position IS 'its place among the ways at the checkout; those of one place as the providers are registered';
-- Whoever opens a shop chooses how it is paid; a fresh one gives nothing away.
INSERT INTO payment_ways (provider, enabled) VALUES ('cod', false), ('test', false);

-- What providers told us of their own accord, and what we made of it.
CREATE TABLE payment_notices (
    provider text NOT NULL,
    external_id text NOT NULL,
    kind text NOT NULL,
    order_id uuid,
    outcome text NOT NULL CHECK (outcome IN ('taken', 'ignored', 'unknown', 'to_check')),
    heard_at timestamptz NOT NULL,
    times bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (provider, external_id)
);
CREATE INDEX payment_notices_heard ON payment_notices (heard_at DESC);

-- The other half of the test card's own book.
CREATE TABLE test_card_refunds (
    key uuid PRIMARY KEY,
    charge uuid NOT NULL REFERENCES test_card_charges (key),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0)
);

-- What an exchange is paid with: money that lies at another order.
CREATE TABLE order_credits (
    order_id uuid NOT NULL REFERENCES orders (id),
    from_order_id uuid NOT NULL REFERENCES orders (id),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    gone_minor bigint NOT NULL DEFAULT 0 CHECK (gone_minor >= 0 AND gone_minor <= amount_minor),
    PRIMARY KEY (order_id, from_order_id)
);
COMMENT ON COLUMN order_credits.gone_minor IS 'given back, carried on by a further exchange, or let go since';
