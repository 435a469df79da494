"""Queries as the server reads them, and what is made of their rows."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import pq
from psycopg.adapt import PyFormat

if TYPE_CHECKING:
    from psycopg.abc import Transformer as Converter

Params = Mapping[str, Any] | Sequence[Any] | None
Values = Sequence[Any]
# Makes the answer of one statement out of its result.
Load = Callable[["Statement", pq.abc.PGresult, "Converter"], Any]

_PLACE = re.compile(r"%\((\w{1,63})\)(.)|%(.)", re.DOTALL)
_FORMATS = {"s": PyFormat.AUTO, "b": PyFormat.BINARY, "t": PyFormat.TEXT}


class Statement:
    """A query as the server reads it, and what is to be put into its places."""

    __slots__ = ("formats", "makers", "names", "query")

    def __init__(self, query: str, *, has_params: bool) -> None:
        self.names: list[str | int] = []
        self.formats: list[PyFormat] = []
        self.makers: dict[Any, Callable[[Values], Any]] = {}
        text = _PLACE.sub(self._place, query) if has_params else query
        self.query = text.encode()

    def _place(self, placeholder: re.Match[str]) -> str:
        kind = placeholder[2] or placeholder[3]
        if kind == "%" and placeholder[1] is None:
            return "%"
        if kind not in _FORMATS:
            raise psycopg.ProgrammingError(f"only %s and %(name)s are places, not {placeholder[0]}")
        name = len(self.names) if placeholder[1] is None else placeholder[1]
        if name not in self.names:
            self.names.append(name)
            self.formats.append(_FORMATS[kind])
        return f"${self.names.index(name) + 1}"

    def in_order(self, params: Params) -> list[Any]:
        """Return the values of the places. Raises ProgrammingError when one is missing or left over."""
        if params is None:
            return []
        if not isinstance(params, Mapping):
            if len(params) != len(self.names):
                raise psycopg.ProgrammingError(f"{len(self.names)} places got {len(params)} values")
            return list(params)
        try:
            return [params[name] for name in self.names]  # type: ignore[index]  # all are names, or it is missing
        except KeyError as missing:
            raise psycopg.ProgrammingError(f"query parameter missing: {missing}") from None

    def maker(self, kind: Callable[..., Any], result: pq.abc.PGresult) -> Callable[[Values], Any]:
        """Return what makes a `kind` of a row's values, its fields named as the columns."""
        maker = self.makers.get(kind)
        if maker is None:
            names = [(result.fname(i) or b"").decode() for i in range(result.nfields)]
            maker = self.makers[kind] = maker_of(kind, names)
        return maker


def maker_of(kind: Callable[..., Any], names: Sequence[str]) -> Callable[[Values], Any]:
    """Return what makes a `kind` of a row's values: by position where its fields allow it, else by name."""
    if is_dataclass(kind):
        wanted = [field.name for field in fields(kind) if field.init and not field.kw_only][: len(names)]
        if sorted(wanted) == sorted(names):
            if wanted == list(names):
                return lambda values: kind(*values)
            order = itemgetter(*[names.index(name) for name in wanted])
            return lambda values: kind(*order(values))
    return lambda values: kind(**dict(zip(names, values, strict=True)))


@lru_cache(maxsize=4096)
def statement(query: str | bytes, *, has_params: bool) -> Statement:
    """Return a query, read once for the whole process."""
    return Statement(query if isinstance(query, str) else query.decode(), has_params=has_params)


def load_count(_statement: Statement, result: pq.abc.PGresult, _transformer: "Converter") -> int:
    """Load how many rows a statement touched."""
    return result.command_tuples or 0


def load_tuples(
    _statement: Statement, result: pq.abc.PGresult, transformer: "Converter"
) -> list[tuple[Any, ...]]:
    """Load every row as it is."""
    transformer.set_pgresult(result)
    return transformer.load_rows(0, result.ntuples, tuple)


def load_firsts(_statement: Statement, result: pq.abc.PGresult, transformer: "Converter") -> list[Any]:
    """Load the first column of every row."""
    transformer.set_pgresult(result)
    return transformer.load_rows(0, result.ntuples, itemgetter(0))


def load_kind(kind: Callable[..., Any]) -> Load:
    """Return what loads every row as a `kind`."""

    def load(statement: Statement, result: pq.abc.PGresult, transformer: "Converter") -> list[Any]:
        transformer.set_pgresult(result)
        return transformer.load_rows(0, result.ntuples, statement.maker(kind, result))

    return load


def load_command(_statement: Statement, result: pq.abc.PGresult, _transformer: "Converter") -> bytes:
    """Load what the server says that it did."""
    return result.command_status or b""
