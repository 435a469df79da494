"""Pages that a customer sees of cart, checkout and order."""
