"""Bank transfer."""
