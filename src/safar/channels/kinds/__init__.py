"""The channels, one folder each: they know their port, and nothing of each other or of the books."""
