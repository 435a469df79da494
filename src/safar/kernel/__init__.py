"""Ground floor: database, batcher, jobs, clock, ids, money, text and web helpers; no word of retail."""
