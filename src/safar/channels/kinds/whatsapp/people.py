"""By what WhatsApp knows people: a phone number, if it is told, and an id within a business portfolio."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from safar.channels.kinds.port import Person
from safar.channels.kinds.reading import Misread, elements_of, object_of, short, text_of

# `CC.` and up to 128 characters; of a managed business `CC.ENT.` and the like.
_USER_ID = re.compile(r"[A-Za-z]{2}\.[A-Za-z0-9.]{1,140}")
_NUMBER = re.compile(r"\+?[0-9]{4,20}")


@dataclass(frozen=True, slots=True)
class WhatsAppUser:
    """Somebody as one element of a post names them; `phone` with its plus and the digits as they came."""

    phone: str = ""
    user_id: str = ""
    name: str | None = None
    username: str = ""

    @property
    def address(self) -> str:
        return self.phone or self.user_id

    def people(self, scope: str) -> tuple[Person, ...]:
        """Return the names to look up, the one that threads are known by first."""
        names = [Person("phone", self.phone)] if self.phone else []
        if self.user_id:
            names.append(Person("whatsapp", self.user_id, scope))
        return tuple(names)


@dataclass(frozen=True, slots=True)
class ContactBook:
    """The contacts that came with a change, by each of their names; `only`: there is no other."""

    by_name: Mapping[str, WhatsAppUser] = field(default_factory=dict)
    only: WhatsAppUser = WhatsAppUser()

    def user(self, number: object, user_id: object) -> WhatsAppUser:
        """Return who wrote, by the message's own word and what the contacts add. Raises Misread for nobody.

        Without any name in the message the only contact is meant.
        """
        phone, known = phone_of(number), user_id_of(user_id) or user_id_of(number)
        contact = self.by_name.get(phone) or self.by_name.get(known) or WhatsAppUser()
        if not (phone or known):
            contact = self.only
        user = WhatsAppUser(phone or contact.phone, known or contact.user_id, contact.name, contact.username)
        if not user.address:
            raise Misread("nobody is named as the writer")
        return user


def phone_of(value: object) -> str:
    """Return a phone number as E.164 is written; its digits are those that came, also where a country has
    two ways to write one. Empty for what is none."""
    text = text_of(value).strip()
    if not _NUMBER.fullmatch(text):
        return ""
    return text if text.startswith("+") else f"+{text}"


def user_id_of(value: object) -> str:
    """Return an id within a portfolio, exactly as it came; empty for what is none."""
    text = text_of(value)
    return text if _USER_ID.fullmatch(text) else ""


def contact_book(value: Mapping[str, Any]) -> ContactBook:
    """Read the contacts of a change; what cannot be read of them costs a name at most."""
    try:
        contacts = elements_of(value.get("contacts"), "contacts")
    except Misread:
        return ContactBook()
    users = []
    for contact in map(object_of, contacts):
        profile = object_of(contact.get("profile"))
        name = short(profile.get("name"))
        users.append(
            WhatsAppUser(
                phone_of(contact.get("wa_id")),
                user_id_of(contact.get("user_id")) or user_id_of(contact.get("wa_id")),
                name or None,
                short(profile.get("username") or contact.get("username")),
            )
        )
    by_name = {name: user for user in users for name in (user.phone, user.user_id) if name}
    return ContactBook(by_name, users[0] if len(users) == 1 else WhatsAppUser())
