"""What a visitor wants to buy: carts, what can be had of each article, and what of it is left."""
