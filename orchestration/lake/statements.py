"""Which kinds of SQL statements somebody else's text may hold.

DuckDB's own limits (`confine`) leave the warehouse open, since tables are written
there: a COPY could overwrite their files, an ATTACH send the token to another catalog.
"""

import re

import duckdb

from orchestration.errors import UsageError

READS = frozenset({"SELECT", "EXPLAIN"})
WRITES = READS | {
    *("CREATE", "INSERT", "UPDATE", "DELETE", "ALTER", "DROP", "MERGE_INTO"),
    "TRANSACTION",
}
# What models and hooks may hold besides: settings are locked, variables are not.
BUILDS = WRITES | {"SET", "VACUUM"}

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_SECRET = re.compile(
    r"\s*(create|drop|alter)\s+(or\s+replace\s+)?((temp|temporary|persistent)\s+)?"
    r"secret\b",
    re.IGNORECASE,
)
# Functions that write files, or end the process where they may not.
_LOGGING = re.compile(r"\b(enable_logging|enable_profil(e|ing))\b", re.IGNORECASE)
_EXPLAIN = re.compile(r"\s*explain\b(\s|analyze\b|\([^)]*\))*", re.IGNORECASE)


def forbidden(
    con: duckdb.DuckDBPyConnection, text: str, allowed: frozenset[str]
) -> str | None:
    """The first statement of another kind, named as SQL names it; None if all are fine.

    Args:
        con: A confined connection: parsing alone makes `import database` read files.

    Raises:
        duckdb.Error: The text is no SQL.
    """
    for statement in con.extract_statements(text):
        kind = statement.type.name
        query = _COMMENT.sub(" ", statement.query)
        if kind == "EXPLAIN" and (rest := _EXPLAIN.sub("", query, count=1)).strip():
            # `explain analyze` runs what it explains.
            if found := forbidden(con, rest, allowed):
                return found
        elif _SECRET.match(query):
            return "create secret"
        elif word := _LOGGING.search(query):
            return word[0].lower()
        elif kind not in allowed and not _is_pivot(kind, query):
            return _called(kind, query)
    return None


def one_query(con: duckdb.DuckDBPyConnection, text: str, *, where: str) -> None:
    """Hold that a text is one query, as that of a view is.

    Raises:
        UsageError: It is more, or something else.
    """
    found = con.extract_statements(text)
    if [statement.type.name for statement in found] != ["SELECT"]:
        raise UsageError("its text is not one query", where=where)


def _called(kind: str, query: str) -> str:
    unnamed = not kind.strip("?")  # DuckDB has names for most
    named = query.split(maxsplit=1)[0] if unnamed else kind
    return named.replace("_", " ").lower()


def _is_pivot(kind: str, query: str) -> bool:
    """A PIVOT becomes a temporary type, which DuckDB makes, and a query."""
    return kind == "CREATE" and not re.match(r"\s*create\b", query, re.IGNORECASE)


def beside_the_lake(con: duckdb.DuckDBPyConnection) -> str | None:
    """A table or schema in DuckDB's own memory, which ends with the connection.

    `create table x.t` makes one wherever the name does not say `lake.x.t`.
    """
    found = con.execute(
        "select 'table ' || schema_name || '.' || table_name from duckdb_tables() "
        "where database_name = 'memory' and not internal union all "
        "select 'schema ' || schema_name from duckdb_schemas() "
        "where database_name = 'memory' and not internal and schema_name not in "
        "(select schema_name from duckdb_schemas() where database_name = 'lake') "
        "limit 1"
    ).fetchone()
    return str(found[0]) if found else None
