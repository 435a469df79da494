"""How long the words of an article may be, and how much of it there may be."""

TITLE_MAX = 200
DESCRIPTION_MAX = 5000
CATEGORY_MAX = 60
WEIGHT_G_MAX = 1_000_000
ORDER_MOST = 999
