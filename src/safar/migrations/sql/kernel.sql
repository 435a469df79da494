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

-- What changes rarely (goods, prices, words, taxes, delivery, locations) is kept by every process, as it was at a
-- version: the sum of these numbers. A change adds a number that nothing has had before, and takes in those of earlier
-- changes that nobody is writing just now, which leaves the sum as it is: no change ever waits for another.
CREATE TABLE rare_changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number numeric NOT NULL
);
COMMENT ON COLUMN rare_changes.number IS 'drawn at random, so that no sum comes again, not that of a change that was undone';

-- In the schema of the table that was changed: whoever writes by hand may have another search path.
CREATE FUNCTION note_rare_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    folded_max bigint := CASE WHEN current_setting('transaction_isolation') = 'read committed' THEN 100 ELSE 0 END;
BEGIN
    EXECUTE format(
        'WITH folded AS (
            DELETE FROM %1$I.rare_changes
            WHERE id = ANY(ARRAY(SELECT id FROM %1$I.rare_changes LIMIT %2$s FOR UPDATE SKIP LOCKED))
            RETURNING number
        )
        INSERT INTO %1$I.rare_changes (number)
        SELECT coalesce(sum(number), 0) + trunc((random() * 1e15)::numeric) + 1 FROM folded',
        TG_TABLE_SCHEMA, folded_max
    );
    RETURN NULL;
END
$$;
