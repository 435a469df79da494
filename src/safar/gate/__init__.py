"""The gate: a fair place in the queue when the site is full, and the way in when there is room."""
