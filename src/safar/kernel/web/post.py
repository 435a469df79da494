"""What comes of a form: on to the next page, or back to its own with what is wrong and what was typed."""

from collections.abc import Awaitable, Callable
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
    """Why a form of a page was refused: problems of its fields, or one of the whole."""

    form: str = ""
    fields: Fields | None = None
    problem: str | None = None
    status: int = 200

    @property
    def typed(self) -> dict[str, str]:
        return dict(self.fields.values) if self.fields else {}

    def values(self) -> dict[str, Any]:
        """Return it as the templates take it."""
        return {
            "form": self.form,
            "typed": self.typed,
            "problems": self.fields.problems if self.fields else {},
            "problem": self.problem,
        }


NOTHING = Wrong()
_Page = Callable[[Request, Wrong], Awaitable[Response]]
_Deed = Callable[[Request, Actor, Fields], Awaitable[str]]
_Endpoint = Callable[[Request], Awaitable[Response]]


def posted(page: _Page, form: str = "", role: str = "manager") -> Callable[[_Deed], _Endpoint]:
    """Make an endpoint of what a form does: the deed returns where to go on, `page` shows its refusal.

    What is not there, or not for this caller, has no page of its own; a program is answered in its own form.
    """

    def endpoint_of(deed: _Deed) -> _Endpoint:
        async def endpoint(request: Request) -> Response:
            actor, fields = actor_of(request, role), await read_fields(request)
            try:
                return see_other(await deed(request, actor, fields))
            except SafarError as refused:
                if wants_json(request) or isinstance(refused, (NotFound, Forbidden, SignInNeeded)):
                    raise
                wrong = _wrong(form, fields, refused)
            return await page(request, wrong)

        return endpoint

    return endpoint_of


def _wrong(form: str, fields: Fields, refused: SafarError) -> Wrong:
    if isinstance(refused, InvalidInput):
        fields.problems.update(refused.problems)
        return Wrong(form, fields, status=refused.status)
    return Wrong(form, fields, error_text(refused), refused.status)
