"""The storefront: home, categories, search, product pages, wishlists, and word when something is back."""
