-- The idempotency keys of the public surface that no other id stands for.
CREATE TABLE request_keys (
    key uuid PRIMARY KEY,
    fingerprint bytea NOT NULL,
    answer jsonb,
    asked_at timestamptz NOT NULL
);
CREATE INDEX request_keys_asked ON request_keys (asked_at);

-- Items of a queue that could not be done; each rests until `next_try_at`, and the others go on.
CREATE TABLE setbacks (
    queue text NOT NULL,
    item text NOT NULL,
    tries bigint NOT NULL,
    error text NOT NULL,
    first_at timestamptz NOT NULL,
    next_try_at timestamptz NOT NULL,
    PRIMARY KEY (queue, item)
);
