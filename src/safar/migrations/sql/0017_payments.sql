-- What a payment provider was told and has said, what came in, and what goes back.
ALTER TABLE payments
ADD COLUMN data jsonb NOT NULL DEFAULT '{}',
ADD COLUMN redirect text,
ADD COLUMN expires_at timestamptz,
ADD COLUMN rest_until timestamptz,
ADD COLUMN captured_minor bigint NOT NULL DEFAULT 0 CHECK (captured_minor >= 0),
ADD COLUMN carried_minor bigint NOT NULL DEFAULT 0 CHECK (carried_minor >= 0),
ADD COLUMN refunding_minor bigint NOT NULL DEFAULT 0 CHECK (refunding_minor >= 0),
ADD COLUMN refunded_minor bigint NOT NULL DEFAULT 0 CHECK (refunded_minor >= 0 AND refunded_minor <= refunding_minor);
COMMENT ON COLUMN payments.data IS 'what the provider needs to find the charge again, and the customer to pay it';
COMMENT ON COLUMN payments.redirect IS 'the provider''s page on which the customer pays';
COMMENT ON COLUMN payments.rest_until IS 'the recovery loop does not look at it before';
COMMENT ON COLUMN payments.captured_minor IS 'sum of its receipts; cash on delivery has none';
COMMENT ON COLUMN payments.carried_minor IS 'of its money, what pays for other orders by now: credits of exchanges';
COMMENT ON COLUMN payments.refunding_minor IS 'sum of its refunds, those carried out included';

-- An open payment waits for money, or for its money to be asked back. (Migrations run in a transaction.)
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX payments_open;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX payments_open ON payments ((greatest(changed_at, rest_until)))
WHERE
    state = 'started'
    OR (state = 'owed' AND refunding_minor < greatest(captured_minor, amount_minor))
    OR (state = 'failed' AND captured_minor > refunding_minor);

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
    changed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN payment_ways.secrets IS 'encrypted by kernel.secrets.Vault';
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
