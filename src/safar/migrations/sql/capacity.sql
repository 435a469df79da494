-- Everything that can run out. free = on_hand - held, and may go down to -backorder.
CREATE TABLE capacity_accounts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    key text NOT NULL,
    on_hand bigint NOT NULL DEFAULT 0,
    held bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
    backorder bigint NOT NULL DEFAULT 0 CHECK (backorder >= 0),
    -- Units kept back, promised to nobody: free for new holds = on_hand - held - reserve + backorder.
    reserve bigint NOT NULL DEFAULT 0 CHECK (reserve >= 0),
    UNIQUE (kind, key),
    CONSTRAINT capacity_never_oversold CHECK (on_hand - held >= -backorder)
) WITH (fillfactor = 50);

CREATE TABLE capacity_holds (
    id uuid PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('live', 'claimed', 'released', 'expired')),
    account_ids bigint [] NOT NULL,
    quantities bigint [] NOT NULL,
    purpose text NOT NULL,
    customer_id uuid,
    campaign_id uuid,
    placed_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK (cardinality(account_ids) = cardinality(quantities) AND cardinality(account_ids) > 0),
    CHECK (0 < ALL (quantities)),
    CHECK ((state = 'live') = (ended_at IS NULL))
);
CREATE INDEX capacity_holds_due ON capacity_holds (expires_at) WHERE state = 'live';
