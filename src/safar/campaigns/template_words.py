"""What is wrong with a template, in the words of whoever writes it, not of the library that reads it."""

import re

from liquid.exceptions import FilterError, LiquidError, UndefinedError, UnknownFilterError

from safar.kernel.i18n import _
from safar.kernel.i18n import number as written
from safar.kernel.text import shortened

_NAME = re.compile(r"'([^']{1,60})'|^([\w.]{1,60}) is undefined")
_TAG = re.compile(r"expected tag end(\w{1,20})")


def template_error(error: Exception, source: str) -> str:
    """Return one sentence that says in which line what is wrong, as far as the library knows it."""
    said, line = _sentence(error), _line(error, source)
    return _("Line %(line)s: %(problem)s", line=written(line), problem=said) if line else said


def _sentence(error: Exception) -> str:
    message = str(getattr(error, "message", "") or error)
    named = _NAME.search(message)
    name = shortened(named.group(1) or named.group(2), 60) if named else ""
    if isinstance(error, UndefinedError):
        return _("There is nothing called “%(name)s”. Use only the words listed above.", name=name)
    if isinstance(error, UnknownFilterError):
        return _("There is no filter called “%(name)s”.", name=name)
    if isinstance(error, FilterError):
        return _("One of the filters would make too much of this.")
    if open_tag := _TAG.search(message):
        tag = open_tag.group(1)
        return _("%(tag)s is never closed; write %(end)s after it.", tag=_tag(tag), end=_tag(f"end{tag}"))
    if "end of file" in message:
        brackets = ("{%", "%}") if "%}" in message else ("{{", "}}")
        return _(
            "“%(open)s” is never closed; write “%(close)s” after it.", open=brackets[0], close=brackets[1]
        )
    if "missing expression" in message:
        token = getattr(getattr(error, "token", None), "value", "")
        shown = _tag(token) if token in _NEEDS_MORE else "{{ }}"
        return _("%(tag)s is empty; say what it is about.", tag=shown)
    if "unexpected tag" in message:
        return _("%(tag)s does not belong here.", tag=_tag(name))
    if isinstance(error, LiquidError):
        return _("This cannot be read. Look at the brackets and quotation marks.")
    return _("This is nested too deeply.")


_NEEDS_MORE = frozenset({"if", "elsif", "unless", "case", "when", "for", "assign", "capture"})


def _tag(name: str) -> str:
    return f"{{% {name} %}}"


def _line(error: Exception, source: str) -> int | None:
    """Return the line where the library stopped reading; None when it does not say, or there is only one."""
    index = getattr(getattr(error, "token", None), "start_index", -1)
    if not isinstance(index, int) or index < 0 or "\n" not in source.strip():
        return None
    return source.count("\n", 0, index) + 1
