"""What an order costs: tax, shipping, discount codes, currencies; the countries we send to."""
