"""The line before a site: who joins it, who is called, who is inside."""
