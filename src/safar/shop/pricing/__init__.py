"""What an order costs: tax, shipping, discount codes, currencies."""
