"""Web helpers of both surfaces: pages, forms, errors, security at the edge, live streams."""
