"""The types that a column may land in, and their one spelling."""

import re

import duckdb

_TYPE = re.compile(r"[A-Za-z0-9_ ,()\[\]\"]+")
# What Iceberg v2 can hold; another type is asked to be named as one of these.
_LEAF_TYPES = {
    "boolean", "integer", "bigint", "float", "double", "decimal", "varchar", "blob",
    "uuid", "date", "time", "timestamp", "timestamp with time zone",
}  # fmt: skip


def canonical_type(text: str) -> str:
    """DuckDB's spelling of a column type: `numeric(9,2)` becomes `decimal(9,2)`.

    Raises:
        ValueError: It is no type, or one that Iceberg (format v2) does not have.
    """
    if not _TYPE.fullmatch(text):
        raise ValueError(f"{text!r} is not a column type")
    try:
        # Alone, `duckdb.type` would take `int not null` and forget the half of it.
        duckdb.extract_statements(f"select cast(null as {text})")
        parsed = duckdb.type(text.strip())
    except duckdb.Error as error:
        raise ValueError(f"{text!r} is not a column type of DuckDB") from error
    if unfit := _unfit_leaf(parsed):
        raise ValueError(
            f"Iceberg cannot hold {unfit}: use one of "
            f"{', '.join(sorted(_LEAF_TYPES))}, or a struct, list or map of them"
        )
    # A struct's field names keep their case.
    return str(parsed).lower() if parsed.id in _LEAF_TYPES else str(parsed)


def _unfit_leaf(parsed: "duckdb.sqltypes.DuckDBPyType") -> str | None:
    if parsed.id in ("struct", "list", "map"):
        for _, child in parsed.children:
            assert isinstance(child, duckdb.sqltypes.DuckDBPyType)
            if unfit := _unfit_leaf(child):
                return unfit
        return None
    # DuckDB's JSON is a varchar underneath, yet Iceberg knows no such type.
    fits = parsed.id in _LEAF_TYPES and str(parsed) != "JSON"
    return None if fits else str(parsed).lower()
