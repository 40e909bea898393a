# ruff: noqa: S608 - the only names put into SQL text are quoted by `_quoted`
"""Which rows differ between the two states of a changed table, matched by key."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from orchestration.build import rows
from orchestration.errors import NotFoundError, UsageError
from orchestration.lake.model import TableChange


@dataclass(frozen=True, kw_only=True)
class ChangedRows:
    """How many rows differ, and the first of them by key.

    Each row has `change` (`added`, `changed`, `removed`), `key`, and `columns`: the
    values `before` and `after` of the columns that differ.
    """

    table: str
    added: int
    changed: int
    removed: int
    rows: tuple[dict[str, Any], ...]

    def as_dict(self) -> dict[str, Any]:
        """For `--format json`."""
        return {
            "table": self.table,
            "added": self.added,
            "changed": self.changed,
            "removed": self.removed,
            "rows": list(self.rows),
        }


def changed_rows(
    changes: Iterable[TableChange], table: str, key: Sequence[str], *, limit: int
) -> ChangedRows:
    """Compare the columns that both states have.

    Raises:
        NotFoundError: The branch did not change such a table.
        UsageError: A key column is missing, or the key repeats.
    """
    change = _named(changes, table)
    with duckdb.connect() as connection:
        for side, location in (("before", change.old), ("after", change.new)):
            _load(connection, side, location or change.new or change.old or "")
            if location is None:
                connection.execute(f"delete from {side}")
        columns = _shared_columns(connection, table, key)
        _require_unique(connection, table, key)
        connection.execute(_DIFFERENCE.format(**_parts(columns, key)))
        return _read(connection, table, key, limit)


_DIFFERENCE = """
create temp table difference as
select
    case
        when before.present is null then 'added'
        when after.present is null then 'removed'
        else 'changed'
    end as change,
    {keys},
    before.content as before,
    after.content as after
from (select {key}, {content} as content, true as present from before) as before
full join (select {key}, {content} as content, true as present from after) as after
    on {match}
where before.content is distinct from after.content
    or before.present is distinct from after.present
"""


def _named(changes: Iterable[TableChange], table: str) -> TableChange:
    changes = list(changes)
    for change in changes:
        if str(change.table) == table and change.kind == "TABLE":
            return change
    known = ", ".join(str(c.table) for c in changes if c.kind == "TABLE") or "none"
    raise NotFoundError(
        "the branch did not change such a table",
        where=table,
        remedy=f"Changed tables: {known}.",
    )


def _load(connection: duckdb.DuckDBPyConnection, side: str, location: str) -> None:
    reader = rows.static_table(location).scan().to_arrow_batch_reader()
    connection.register("arrow", reader)
    connection.execute(f"create temp table {side} as select * from arrow")
    connection.unregister("arrow")


def _shared_columns(
    connection: duckdb.DuckDBPyConnection, table: str, key: Sequence[str]
) -> list[str]:
    names = [
        [row[0] for row in connection.execute(f"describe {side}").fetchall()]
        for side in ("before", "after")
    ]
    shared = [name for name in names[1] if name in names[0]]
    if missing := [name for name in key if name not in shared]:
        raise UsageError(
            f"no column {', '.join(missing)} before and after",
            where=table,
            remedy=f"Columns: {', '.join(shared)}.",
        )
    return shared


def _require_unique(
    connection: duckdb.DuckDBPyConnection, table: str, key: Sequence[str]
) -> None:
    columns = ", ".join(map(_quoted, key))
    for side in ("before", "after"):
        counts = f"select count(*) from {side} group by {columns} having count(*) > 1"
        if connection.execute(f"select exists({counts})").fetchall()[0][0]:
            raise UsageError(
                f"{', '.join(key)} repeats {side} the change, so rows do not pair up",
                where=table,
                remedy="Give every column of the key: --key a --key b.",
            )


def _parts(columns: Sequence[str], key: Sequence[str]) -> dict[str, str]:
    names = [_quoted(name) for name in key]
    pairs = (f"{_text(name)}: {_quoted(name)}" for name in columns)
    return {
        "key": ", ".join(names),
        "keys": ", ".join(f"coalesce(before.{n}, after.{n}) as {n}" for n in names),
        "content": "{" + ", ".join(pairs) + "}",
        "match": " and ".join(
            f"before.{n} is not distinct from after.{n}" for n in names
        ),
    }


def _read(
    connection: duckdb.DuckDBPyConnection, table: str, key: Sequence[str], limit: int
) -> ChangedRows:
    counts = dict(
        connection.execute(
            "select change, count(*) from difference group by 1"
        ).fetchall()
    )
    order = ", ".join(map(_quoted, key))
    found = connection.execute(
        f"select change, before, after from difference order by {order} limit {limit}"
    ).fetchall()
    return ChangedRows(
        table=table,
        added=counts.get("added", 0),
        changed=counts.get("changed", 0),
        removed=counts.get("removed", 0),
        rows=tuple(_row(*row, key=key) for row in found),
    )


def _row(
    change: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    *,
    key: Sequence[str],
) -> dict[str, Any]:
    either = after or before or {}
    old, new = before or {}, after or {}
    return {
        "change": change,
        "key": {name: either[name] for name in key},
        "columns": {
            name: {"before": old.get(name), "after": new.get(name)}
            for name in either
            if name not in key and (change != "changed" or old[name] != new[name])
        },
    }


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
