-- What staff do with an order at their desk: who took it, what they note, how they sort and find it.
ALTER TABLE orders ADD COLUMN taken_by uuid;
COMMENT ON COLUMN orders.taken_by IS 'who of the staff took it down, by phone or at the counter; none: the customer ordered';

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
