"""SQL lives in SQL: `queries.sql` beside a room's code, each statement named by a `-- name:` line.

What several statements share, the columns of a table above all, is a fragment: named by a `-- fragment:`
line, it stands in a statement as `{its_name}`.
"""

import re
from pathlib import Path
from typing import Any, LiteralString, cast

_PART = re.compile(r"^-- (name|fragment): (\w+)\s*$", re.MULTILINE)
_PLACE = re.compile(r"\{([a-z_]+)\}")


class Queries:
    """The named statements of one file; an unknown name is a KeyError at once.

    Raises ValueError for a name given twice, for a fragment that is not there and for one that nothing uses.
    """

    def __init__(self, path: Path) -> None:
        parts = _PART.split(path.read_text(encoding="utf-8"))
        statements: dict[str, str] = {}
        fragments: dict[str, str] = {}
        for kind, name, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            named = statements if kind == "name" else fragments
            if name in named:
                raise ValueError(f"{path} has the {kind} {name} twice")
            named[name] = text.strip()
        used: set[str] = set()

        def filled(reference: re.Match[str]) -> str:
            if reference[1] not in fragments:
                raise ValueError(f"{path} has no fragment {reference[1]}")
            used.add(reference[1])
            return fragments[reference[1]]

        # The files are part of the package, not input: to the type checker they are literals.
        self.by_name: dict[str, LiteralString] = {
            name: cast("Any", _PLACE.sub(filled, text)) for name, text in statements.items()
        }
        if unused := fragments.keys() - used:
            raise ValueError(f"{path} uses the fragment {min(unused)} nowhere")

    def __getitem__(self, name: str) -> LiteralString:
        return self.by_name[name]


def queries_beside(module_file: str, name: str = "queries.sql") -> Queries:
    """Load the queries that lie beside `module_file` (pass `__file__`)."""
    return Queries(Path(module_file).with_name(name))
