"""The templates of an account, as Meta lists them."""

import re
from collections.abc import Mapping
from typing import Any

from safar.channels.kinds.abilities import ListedTemplate
from safar.channels.kinds.asking import NoAnswer, NotAsked, TooLarge
from safar.channels.kinds.graph import GraphApi, graph_error, verdict_of
from safar.channels.kinds.port import CannotFetch, PartKind, Verdict
from safar.channels.kinds.reading import object_of, short, text_of
from safar.channels.kinds.whatsapp.codes import CODES

_VARIABLE = re.compile(r"\{\{\s{0,3}([A-Za-z0-9_]{1,60})\s{0,3}\}\}")
_FILES = {"IMAGE": PartKind.IMAGE, "VIDEO": PartKind.VIDEO, "DOCUMENT": PartKind.DOCUMENT}
_PAGES_MAX, _PAGE = 100, 100
_FIELDS = "name,language,status,category,components,rejected_reason"


async def listed(api: GraphApi, business_account_id: str) -> list[ListedTemplate]:
    """Return all templates, page by page. Raises CannotFetch."""
    found: list[ListedTemplate] = []
    after = ""
    for _page in range(_PAGES_MAX):
        # The next page is asked for by its mark, not by the address that comes along: the token stays here.
        params = {"fields": _FIELDS, "limit": str(_PAGE)} | ({"after": after} if after else {})
        try:
            answer = await api.ask("GET", f"{business_account_id}/message_templates", params=params)
        except (NotAsked, NoAnswer, TooLarge) as wrong:
            raise CannotFetch(str(wrong), again=True) from None
        data = answer.said.get("data")
        if answer.status != 200 or not isinstance(data, list):
            error = graph_error(answer.said.get("error"))
            again = verdict_of(CODES, error, answer.status) in (Verdict.AGAIN, Verdict.UNKNOWN)
            raise CannotFetch(error.reason or f"HTTP {answer.status}", again=again)
        found += [template_of(object_of(template)) for template in data if object_of(template).get("name")]
        paging = object_of(answer.said.get("paging"))
        after = text_of(object_of(paging.get("cursors")).get("after"))
        if not after or not paging.get("next"):
            break
    return found


def template_of(template: Mapping[str, Any]) -> ListedTemplate:
    """Read one template; its variables are the marks in its header, body and the addresses of its buttons."""
    variables: list[str] = []
    text, file = "", None
    components = template.get("components")
    for component in map(object_of, components if isinstance(components, list) else ()):
        kind = text_of(component.get("type")).upper()
        words = text_of(component.get("text"))[:5000]
        if kind == "HEADER":
            file = _FILES.get(text_of(component.get("format")).upper())
            variables += [f"header.{name}" for name in dict.fromkeys(_VARIABLE.findall(words))]
        elif kind == "BODY":
            text = words
            variables += list(dict.fromkeys(_VARIABLE.findall(words)))
        elif kind == "BUTTONS":
            buttons = component.get("buttons")
            for number, button in enumerate(map(object_of, buttons if isinstance(buttons, list) else ())):
                if _VARIABLE.search(text_of(button.get("url"))[:2000]):
                    variables.append(f"button.{number}")
    reason = short(template.get("rejected_reason"))
    return ListedTemplate(
        name=short(template.get("name"), 512),
        language=short(template.get("language"), 20),
        category=short(template.get("category"), 40).lower(),
        status=short(template.get("status"), 40).lower(),
        text=text,
        variables=tuple(variables),
        file=file,
        reason="" if reason == "NONE" else reason,
    )
