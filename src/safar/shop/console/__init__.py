"""Pages that staff see of orders."""
