"""What only some channels can do: keep templates, tell that something was read, set where posts go."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from safar.channels.kinds.port import AccountHealth, PartKind


@dataclass(frozen=True, slots=True)
class ListedTemplate:
    """A template as the provider lists it. `status` and `category` in the provider's words, in lower case.

    `variables`: the keys that `Template.variables` is filled by, in their order: numbers or names, never
    both; "header." or "button." and its number stand before those of a header or a button. `file`: the kind
    of file that its header asks for.
    """

    name: str
    language: str
    category: str
    status: str
    text: str
    variables: tuple[str, ...] = ()
    file: PartKind | None = None
    reason: str = ""


class TemplateSource(Protocol):
    """A sender whose provider keeps templates."""

    async def templates(self) -> Sequence[ListedTemplate]:
        """Return all templates of the account, whatever their state. Raises CannotFetch."""


class SeenMarker(Protocol):
    """A sender that can tell somebody that their message was read, and that an answer is being written."""

    async def seen(self, address: str, external_id: str, *, typing: bool = False) -> None:
        """Mark a message as read. What the provider makes of it changes nothing."""


class PostAddressSetter(Protocol):
    """A sender that can tell its provider itself where to post."""

    async def connect(self) -> AccountHealth:
        """Have the provider post to the account's address; return how the account stands then."""
