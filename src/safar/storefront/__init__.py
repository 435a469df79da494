"""Pages of goods: home, categories, search, products, wishlists, word when something is back."""
