"""The queue of a site: who joins it, who is called, who is inside."""
