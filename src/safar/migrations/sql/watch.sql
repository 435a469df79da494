-- One row a process that runs: when it was last heard of, by the database's clock, and which loops of it err.
CREATE TABLE process_beats (
    process_id uuid PRIMARY KEY,
    role text NOT NULL,
    beat_at timestamptz NOT NULL,
    lapsed jsonb NOT NULL DEFAULT '[]'
);
