-- What is sold and has not left, as one figure for each place: the sum of its moves, written with them.
CREATE TABLE stock_outgoing (
    variant_id uuid NOT NULL,
    location_id uuid NOT NULL REFERENCES stock_locations (id),
    units bigint NOT NULL,
    PRIMARY KEY (variant_id, location_id)
) WITH (fillfactor = 50);
COMMENT ON COLUMN stock_outgoing.location_id IS 'the location of kind outgoing beside the shelf';

INSERT INTO stock_outgoing (variant_id, location_id, units)
SELECT e.variant_id, e.location_id, sum(e.units)
FROM (
    SELECT variant_id, to_location_id AS location_id, quantity AS units FROM stock_moves
    UNION ALL
    SELECT variant_id, from_location_id, -quantity FROM stock_moves
) AS e
INNER JOIN stock_locations AS l ON l.id = e.location_id AND l.kind = 'outgoing'
GROUP BY e.variant_id, e.location_id;
