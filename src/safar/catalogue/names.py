"""How categories are called."""

from collections.abc import Mapping
from functools import lru_cache

from safar.kernel.i18n import LANGUAGES, N_, _, current_language, speaking
from safar.kernel.text import fold

CATEGORIES = {
    "bags": N_("Bags"), "bath": N_("Bath"), "children": N_("Children"), "christmas": N_("Christmas"),
    "garden": N_("Garden"), "home": N_("Home"), "jewellery": N_("Jewellery"), "kitchen": N_("Kitchen"),
    "lights": N_("Lights"), "party": N_("Party"), "signs": N_("Signs"), "stationery": N_("Stationery"),
    "storage": N_("Storage"),
}  # fmt: skip


def category_name(category: str, names: Mapping[str, str] | None = None) -> str:
    """Return a category as customers read it: as the shop names it, as we do, else by its own key."""
    if names and names.get(current_language()):
        return names[current_language()]
    return _(CATEGORIES[category]) if category in CATEGORIES else category


@lru_cache(maxsize=1000)
def names_of_category(category: str) -> dict[str, str]:
    """Return the names that we have for a category, by language."""
    names = {}
    if category in CATEGORIES:
        for language in LANGUAGES:
            with speaking(language):
                names[language] = _(CATEGORIES[category])
    return names


@lru_cache(maxsize=1000)
def category_of_name(text: str) -> str | None:
    """Return which of our categories goes by this name in any language."""
    wanted = fold(text)
    for category in CATEGORIES:
        if wanted in {category, *map(fold, names_of_category(category).values())}:
            return category
    return None
