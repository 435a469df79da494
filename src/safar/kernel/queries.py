"""SQL lives in SQL: `queries.sql` beside a room's code, each statement named by a `-- name:` line."""

import re
from pathlib import Path
from typing import LiteralString, cast

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


class Queries:
    """The named statements of one file; an unknown name is a KeyError at once."""

    def __init__(self, path: Path) -> None:
        parts = _NAME.split(path.read_text(encoding="utf-8"))
        names, texts = parts[1::2], parts[2::2]
        if len(set(names)) != len(names):
            raise ValueError(f"{path} names a query twice")
        # The files are part of the package, not input: to the type checker they are literals.
        self.by_name: dict[str, LiteralString] = {
            name: cast("LiteralString", text.strip()) for name, text in zip(names, texts, strict=True)
        }

    def __getitem__(self, name: str) -> LiteralString:
        return self.by_name[name]


def queries_beside(module_file: str, name: str = "queries.sql") -> Queries:
    """Load the queries that lie beside `module_file` (pass `__file__`)."""
    return Queries(Path(module_file).with_name(name))
