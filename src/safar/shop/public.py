"""The shop's public pages, put together: the storefront, wishlist and cart, checkout and orders."""

from starlette.routing import BaseRoute

from safar.shop.pages import cart as cart_pages
from safar.shop.pages import checkout as checkout_pages
from safar.shop.pages import find as find_pages
from safar.shop.pages import order as order_pages
from safar.storefront import back_in_stock_pages, sitemap, wishlist_pages
from safar.storefront import info_pages as info
from safar.storefront import product_pages as product
from safar.storefront import public as goods
from safar.storefront.newsletter import pages as newsletter
from safar.storefront.own_pages import public as own_pages

# In the order in which they are tried; pages of goods are mostly kept, and never come this far.
routes: list[BaseRoute] = [
    *cart_pages.routes,
    *checkout_pages.routes,
    *goods.routes,
    *product.routes,
    *info.routes,
    *own_pages.routes,
    *sitemap.routes,
    *wishlist_pages.routes,
    *back_in_stock_pages.routes,
    *newsletter.routes,
    *find_pages.routes,
    *order_pages.routes,
]
