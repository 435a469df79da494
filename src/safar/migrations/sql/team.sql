CREATE TABLE staff (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('owner', 'manager', 'agent')),
    password_hash text NOT NULL,
    must_change_password boolean NOT NULL DEFAULT false,
    one_time_until timestamptz,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz
);

CREATE TABLE staff_sessions (
    token_hash bytea PRIMARY KEY,
    staff_id uuid NOT NULL REFERENCES staff (id),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX staff_sessions_staff ON staff_sessions (staff_id);
CREATE INDEX staff_sessions_expiry ON staff_sessions (expires_at);

-- Attempts to sign in that did not (yet) succeed, by address and by network address, both hashed; written
-- before the password is looked at, so that a hundred at once are counted too. Old rows are swept.
CREATE TABLE staff_sign_in_failures (
    id uuid PRIMARY KEY,
    key text NOT NULL,
    failed_at timestamptz NOT NULL
);
CREATE INDEX staff_sign_in_failures_key ON staff_sign_in_failures (key, failed_at);
CREATE INDEX staff_sign_in_failures_time ON staff_sign_in_failures (failed_at);
