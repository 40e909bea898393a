# ruff: noqa: S608 - this SQL is written to a file for its owner to edit
"""The text of a first staging model: renamed, ordered by kind, latest row of a key."""

from dataclasses import dataclass

import duckdb

from orchestration.ingestion.naming import singular
from orchestration.ingestion.spec import Column, Table
from orchestration.ingestion.yaml_text import dump
from orchestration.lake.types import quote

_KINDS = (
    ("varchar", "uuid", "blob", "struct", "map"),
    ("integer", "bigint", "float", "double", "decimal"),
    ("boolean",),
    ("date",),
    ("time",),  # of day, and timestamps
)


@dataclass(frozen=True)
class StagingModel:
    """A staging model of one raw table: `stg_<source>__<table>`."""

    source: str
    table: Table

    @property
    def name(self) -> str:
        """The model's name, and that of its two files."""
        return f"stg_{self.source}__{self.table.name}"

    @property
    def key(self) -> str | None:
        """The key's name in the model; a plain `id` says whose it is."""
        if len(self.table.primary_key) != 1:
            return None
        return self._renamed(self.table.primary_key[0])

    def sql(self) -> str:
        """The model, in house style."""
        table = self.table
        relation = f"source('{self.source}', '{table.name}')"
        keys = ", ".join(f"'{_safe(key)}'" for key in table.primary_key)
        read = (
            f"{{{{ latest_by_key({relation}, [{keys}]) }}}}"
            if keys
            else f"select * from {{{{ {relation} }}}}"
        )
        groups = [",\n".join(map(self._selected, group)) for group in self._groups()]
        selected = ",\n\n".join([*groups, "        _loaded_at"])
        noun = _safe(table.name)
        return (
            f"with\n\n{noun} as (\n\n    {read}\n\n),\n\n"
            f"renamed as (\n\n    select\n{selected}\n\n    from {noun}\n\n)\n\n"
            "select * from renamed\n"
        )

    def yaml(self) -> str:
        """Its description and tests."""
        noun = singular(self.table.name).replace("_", " ")
        grain = (
            f"One row per {noun}, as it was last sent."
            if self.table.primary_key
            else f"One row per row of the files of {self.table.name}; no key is known."
        )
        columns = [self._described(c) for group in self._groups() for c in group]
        columns.append(
            {"name": "_loaded_at", "description": "When the row was landed (UTC)."}
        )
        model = {"name": self.name, "description": grain, "columns": columns}
        return dump({"models": [model]})

    def _groups(self) -> list[list[Column]]:
        """Keys, text, numbers, booleans, dates, times: one group each."""
        keys = [c for c in self.table.columns if c.name in self.table.primary_key]
        others = [c for c in self.table.columns if c not in keys]
        kinds = [[c for c in others if _kind(c) == k] for k in range(len(_KINDS))]
        return [group for group in (keys, *kinds) if group]

    def _selected(self, column: Column) -> str:
        name, renamed = _safe(column.name), self._renamed(column.name)
        alias = f" as {renamed}" if renamed != column.name else ""
        return f"        {name}{alias}"

    def _described(self, column: Column) -> dict[str, object]:
        name = self._renamed(column.name)
        entry: dict[str, object] = {"name": name}
        if column.description:
            entry["description"] = column.description
        if name == self.key:
            noun = singular(self.table.name).replace("_", " ")
            entry["description"] = f"The {noun}'s key in {self.source}."
            entry["data_tests"] = ["unique", "not_null"]
        return entry

    def _renamed(self, name: str) -> str:
        renamed = f"{singular(self.table.name)}_id"
        free = renamed not in {column.name for column in self.table.columns}
        return renamed if name == "id" and free else name


def _kind(column: Column) -> int:
    for number, starts in enumerate(_KINDS):
        if column.type.lower().startswith(starts) and not column.type.endswith("[]"):
            return number
    return 0


def _safe(name: str) -> str:
    """The name, quoted where SQL would read a keyword or something odd."""
    [(reserved,)] = duckdb.execute(
        "select count(*) from duckdb_keywords() "
        "where keyword_name = ? and keyword_category in ('reserved', 'type_function')",
        [name],
    ).fetchall()
    return quote(name) if reserved or not name.isidentifier() else name
