"""A campaign's message as a letter: its words, the product's picture, and a button where the link stands."""

import re

from safar.campaigns.model import Offer
from safar.catalogue.images import image_url
from safar.channels.letters import LetterPart, ShopLetter
from safar.kernel.i18n import _, speaking

KIND = "campaign"
_BETWEEN = re.compile(r"\n[ \t]{0,100}\n")


def letter_of_campaign(body: str, language: str, offer: Offer, link: str) -> ShopLetter:
    """Return the letter of a body in plain text, in which `link` leads to the offer.

    A link that ends a paragraph becomes a button below it; one amid the words stays where it is.
    """
    with speaking(language):
        button = LetterPart("button", _("See the offer"), link)
    parts = []
    if offer.image:
        parts.append(LetterPart("picture", offer.title, image_url(offer.image)))
    for paragraph in (part.strip() for part in _BETWEEN.split(body.strip())):
        words = paragraph.removesuffix(link).rstrip() if paragraph.endswith(link) else paragraph
        if words:
            parts.append(LetterPart("text", words))
        if words != paragraph:
            parts.append(button)
    return ShopLetter(KIND, {}, parts)
