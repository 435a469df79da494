-- What is sold and has not left, as one figure for each place: the sum of its moves, written with them.
CREATE TABLE stock_outgoing (
    variant_id uuid NOT NULL,
    location_id uuid NOT NULL REFERENCES stock_locations (id),
    units bigint NOT NULL,
    PRIMARY KEY (variant_id, location_id)
) WITH (fillfactor = 50);
COMMENT ON COLUMN stock_outgoing.location_id IS 'the location of kind outgoing beside the shelf';

-- What lies on a shelf, whichever books it stands in: its own, those of what is set aside there, and what is
-- sold and has not left.
CREATE VIEW stock_on_shelves AS
SELECT l.variant_id, coalesce(s.shelf_id, s.id) AS shelf_id, a.on_hand AS units
FROM stock_levels AS l
INNER JOIN capacity_accounts AS a ON a.id = l.account_id
INNER JOIN stock_locations AS s ON s.id = l.location_id
UNION ALL
SELECT o.variant_id, coalesce(s.shelf_id, s.id), o.units
FROM stock_outgoing AS o
INNER JOIN stock_locations AS s ON s.id = o.location_id;

INSERT INTO stock_outgoing (variant_id, location_id, units)
SELECT e.variant_id, e.location_id, sum(e.units)
FROM (
    SELECT variant_id, to_location_id AS location_id, quantity AS units FROM stock_moves
    UNION ALL
    SELECT variant_id, from_location_id, -quantity FROM stock_moves
) AS e
INNER JOIN stock_locations AS l ON l.id = e.location_id AND l.kind = 'outgoing'
GROUP BY e.variant_id, e.location_id;
