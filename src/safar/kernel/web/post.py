"""What comes of a form: on to the next page, or back to its own with what is wrong and what was typed."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from safar.kernel.errors import Forbidden, InvalidInput, NotFound, SafarError, SignInNeeded
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields, read_fields
from safar.kernel.web.pages import error_text, wants_json
from safar.kernel.web.requests import see_other


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why a form of a page was refused: `form` names it where a page has several."""

    form: str = ""
    fields: Fields | None = None
    refused: SafarError | None = None

    @property
    def typed(self) -> Mapping[str, str]:
        """What was typed; empty, as `fields` is None, before anything was."""
        return self.fields.values if self.fields else {}

    @property
    def first(self) -> str | None:
        """The refusal in one sentence: that of the whole, or what is wrong with the first of the fields."""
        return self.problem or next(iter(self.problems.values()), None)

    @property
    def problems(self) -> Mapping[str, str]:
        """What is wrong by field."""
        return self.fields.problems if self.fields else {}

    @property
    def sentence(self) -> str | None:
        """The refusal in one sentence, of whatever kind it is."""
        return error_text(self.refused) if self.refused else None

    @property
    def problem(self) -> str | None:
        """The refusal of the whole; None where the fields say what is wrong."""
        return None if isinstance(self.refused, InvalidInput) else self.sentence

    @property
    def status(self) -> int:
        return self.refused.status if self.refused else 200

    def values(self) -> dict[str, Any]:
        """Return it as the templates take it."""
        return {
            "form": self.form,
            "typed": dict(self.typed),
            "problems": self.problems,
            "problem": self.problem,
        }


NOTHING = Wrong()


def wrong_of(form: str, fields: Fields, refused: SafarError) -> Wrong:
    """Return a refusal as its page shows it, what is wrong with the fields beside them."""
    if isinstance(refused, InvalidInput):
        fields.problems.update(refused.problems)
    return Wrong(form, fields, refused)


Page = Callable[[Request, Wrong], Awaitable[Response]]
Deed = Callable[[Request, Actor, Fields], Awaitable[str | Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def posted(page: Page, form: str = "") -> Callable[[Deed], Endpoint]:
    """Make an endpoint of what a form does: the deed returns where to go on, `page` shows its refusal.

    What is not there, or not for this caller, has no page of its own; a program is answered in its own form.
    """

    def endpoint_of(deed: Deed) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            actor, fields = actor_of(request), await read_fields(request)
            try:
                done = await deed(request, actor, fields)
            except SafarError as refused:
                if wants_json(request) or isinstance(refused, (NotFound, Forbidden, SignInNeeded)):
                    raise
                wrong = wrong_of(form, fields, refused)
            else:
                return see_other(done) if isinstance(done, str) else done
            return await page(request, wrong)

        return endpoint

    return endpoint_of
