"""Statements that are put together: SQLAlchemy Core on `tables.py`, sent as text.

A statement is compiled once for each of its shapes (which filters, which order, how many rows) and
kept; a request puts its values in their order, and no more. What never changes stays SQL by hand.
"""

import functools
import re
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    TableValuedAlias,
    Text,
    bindparam,
    column,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects import postgresql

_DIALECT = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
#: The bind parameter of a page: the key of the last row of the one before.
AFTER = "after_"


class Compiled(NamedTuple):
    """A statement as PostgreSQL takes it, and the names of its values in their order."""

    sql: str
    names: tuple[str, ...]

    def values(self, given: dict[str, Any]) -> list[Any]:
        """The values in their order."""
        return [given[name] for name in self.names]


def compiled(statement: Select[Any]) -> Compiled:
    """The text of a statement whose values are bind parameters, with its names."""
    made = statement.compile(dialect=_DIALECT)
    return Compiled(str(made), tuple(made.positiontup or ()))


def columns(table: FromClause, names: str) -> list[ColumnElement[Any]]:
    """Several columns of a table, by name; commas may stand between them."""
    return [table.c[name] for name in _split(names)]


def _split(names: str) -> list[str]:
    return names.replace(",", " ").split()


def word(value: str) -> ColumnElement[Any]:
    """A word of a closed list as a literal: a generic plan uses a partial index for no bound
    value. Raises ValueError for anything else than a word."""
    if not re.fullmatch(r"[a-z_]+", value):
        raise ValueError(f"not a word of ours: {value!r}")
    return literal_column(f"'{value}'", Text)


def number(value: int) -> ColumnElement[Any]:
    """A number as a literal, for limits: bound ones are planned anew each time."""
    return literal_column(str(int(value)), Integer)


def record(*parts: ColumnElement[Any]) -> ColumnElement[Any]:
    """Columns as one of JSON, under their names or labels."""
    pairs = [one for part in parts for one in (word(part.name), part)]
    return func.json_build_object(*pairs)


def result(function: str, parameters: str, names: str) -> TableValuedAlias:
    """What a function of `app` returns, as rows with these columns."""
    call = getattr(func.app, function)(*map(bindparam, parameters.split()))
    return cast("TableValuedAlias", call.table_valued(*_split(names), name="r"))


def listed(sql: str, names: str) -> Select[Any]:
    """A query by hand as a statement that goes on; `names` are its columns, `:name` its values."""
    return select(*text(sql).columns(*map(column, names.split())).subquery("x").c)


@functools.cache
def page(
    statement: Select[Any], key: ColumnElement[Any], oldest_first: bool, follows: bool, rows: int
) -> Compiled:
    """The statement's rows in the order of a key, from the beginning or what follows a page; the
    number of rows is a literal, see `vocabulary.fetched`. The value of the key is `after_`."""
    if follows:
        after: ColumnElement[Any] = bindparam(AFTER, type_=key.type)
        statement = statement.where(key > after if oldest_first else key < after)
    order = key.asc() if oldest_first else key.desc()
    return compiled(statement.order_by(order).limit(number(rows)))
