"""A view's text in the other engine's dialect, so that each view is one object.

Only where sqlglot is installed, which the extra `spark` brings: who has no Spark needs
no text for it.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from sqlglot import exp

DUCKDB, SPARK = "duckdb", "spark"


class Database(Protocol):
    """Where an engine finds a table."""

    def __call__(self, schema: str, name: str, *, dialect: str) -> str:
        """The database's name in that dialect's engine."""


def other(dialect: str) -> str:
    """The dialect of the other engine."""
    return DUCKDB if dialect == SPARK else SPARK


def translated(sql: str, *, source: str, database: Database) -> str | None:
    """The text for the other engine; None where it cannot be said there.

    Args:
        source: The dialect it is written in.
        database: Where the other engine finds a table.
    """
    if find_spec("sqlglot") is None:
        return None
    import sqlglot  # noqa: PLC0415  # of the extra `spark`
    from sqlglot.errors import SqlglotError  # noqa: PLC0415

    target = other(source)
    try:
        query = sqlglot.parse_one(sql, read=_dialect(source))
        for table in query.find_all(sqlglot.exp.Table):
            if table.db:
                found = database(table.db, table.name, dialect=target)
                table.set("catalog", _identifier(found))
        _set_zones(query, source)
        return query.sql(
            dialect=target,
            pretty=True,
            unsupported_level=sqlglot.ErrorLevel.RAISE,
        )
    except SqlglotError:
        return None


def _dialect(name: str) -> Any:
    if name == DUCKDB:
        return DUCKDB
    from sqlglot.dialects.databricks import Databricks  # noqa: PLC0415
    from sqlglot.tokens import Tokenizer  # noqa: PLC0415, F401

    class AnsiSpark(Databricks):
        """Spark as our sessions are set: casts fail loudly, "x" is an identifier."""

        class Tokenizer(Databricks.Tokenizer):
            QUOTES = ["'"]  # noqa: RUF012  # as sqlglot wants it
            IDENTIFIERS = ["`", '"']  # noqa: RUF012

    return AnsiSpark


def _set_zones(query: "exp.Expr", source: str) -> None:
    """On Spark, `timestamp` has no zone, as our sessions are set; sqlglot
    takes it for the one with a zone."""
    from sqlglot import exp  # noqa: PLC0415

    kind = exp.DataType.Type
    names = (
        {kind.TIMESTAMPTZ: kind.TIMESTAMP, kind.TIMESTAMPLTZ: kind.TIMESTAMPTZ}
        if source == SPARK
        else {kind.TIMESTAMPTZ: kind.TIMESTAMPLTZ}
    )
    for type_ in query.find_all(exp.DataType):
        type_.set("this", names.get(type_.this, type_.this))


def _identifier(name: str) -> "exp.Identifier":
    from sqlglot import exp  # noqa: PLC0415

    return exp.to_identifier(name, quoted=True)
