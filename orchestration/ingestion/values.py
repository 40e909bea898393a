# ruff: noqa: S608 - the names come quoted
"""Hand Python's values to DuckDB by the million.

As parameters they would be looked at one by one, and each look searches the disk for
libraries that are not installed: two minutes for the ledger of 10,000 files.
"""

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

_NAME = "firn_values"


@contextmanager
def as_relation(
    con: "duckdb.DuckDBPyConnection",
    columns: Mapping[str, str],
    rows: Sequence[Sequence[Any]],
) -> "Iterator[str]":
    """Rows as a relation in SQL, for the time of a statement.

    Args:
        columns: DuckDB's types by name.
    """
    listed = zip(*rows, strict=True)
    arrays = [pa.lib.array(list(values)) for values in listed]
    con.register(_NAME, pa.lib.Table.from_arrays(arrays, names=list(columns)))
    typed = ", ".join(
        f'"{name}"::{type_} as "{name}"' for name, type_ in columns.items()
    )
    try:
        yield f"(select {typed} from {_NAME})"
    finally:
        con.unregister(_NAME)
