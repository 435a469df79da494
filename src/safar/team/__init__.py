"""Team: the staff, their roles, how they sign in, and who ended whose access."""
