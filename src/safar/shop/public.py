"""The shop's public pages, put together: the storefront, wishlist and cart, checkout and orders."""

from starlette.routing import BaseRoute

from safar.shop import cart_pages, checkout_pages, order_pages
from safar.shop.storefront import back_pages, info, product, sitemap, wishlist_pages
from safar.shop.storefront import public as goods

# In the order in which they are tried; pages of goods are mostly kept, and never come this far.
routes: list[BaseRoute] = [
    *cart_pages.routes,
    *checkout_pages.routes,
    *goods.routes,
    *product.routes,
    *info.routes,
    *sitemap.routes,
    *wishlist_pages.routes,
    *back_pages.routes,
    *order_pages.routes,
]
