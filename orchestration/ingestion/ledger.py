# ruff: noqa: S608 - names and texts in SQL pass through `quote` and `literal`
"""What a source has landed so far: `raw.<source>__loads`, one row a file.

It is published with the rows it accounts for, so it is true after any crash, conflict
or rollback: a file is known when, and only when, its rows are on `main`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb

from orchestration.ingestion.files import SourceFile

COLUMNS = {
    "_load_id": "varchar",
    "_loaded_at": "timestamp",
    "table_name": "varchar",
    "_source_file": "varchar",
    "content_sha256": "varchar",
    "size_bytes": "bigint",
    "modified_ns": "bigint",
    "source_rows": "bigint",
    "landed_rows": "bigint",
    "rejected_rows": "bigint",
    "started_at": "timestamp",
    "finished_at": "timestamp",
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One file of one load."""

    table: str
    file: SourceFile
    sha256: str
    source_rows: int
    landed: int
    rejected: int
    started_at: datetime
    finished_at: datetime


@dataclass
class Ledger:
    """The contents and the places that are known, by table; `newest` in UTC."""

    hashes: set[tuple[str, str]] = field(default_factory=set)
    places: set[tuple[str, str, int, int]] = field(default_factory=set)
    newest: datetime | None = None

    @classmethod
    def read(cls, con: duckdb.DuckDBPyConnection, relation: str) -> "Ledger":
        """Read the ledger of the branch that `con` is on."""
        rows = con.execute(
            "select _loaded_at, table_name, content_sha256, _source_file, size_bytes, "
            f"modified_ns from {relation}"
        ).fetchall()
        return cls(
            hashes={(table, sha) for _, table, sha, *_ in rows},
            places={(table, *place) for _, table, _, *place in rows},
            newest=max((at for at, *_ in rows), default=None),
        )

    def knows_place(self, table: str, file: SourceFile) -> bool:
        """Whether the file was landed from here and has not been touched since."""
        return (table, file.shown, file.size, file.modified_ns) in self.places

    def knows_content(self, table: str, sha256: str) -> bool:
        """Whether the same bytes were landed before, under whatever name."""
        return (table, sha256) in self.hashes

    def add(self, entry: Entry) -> None:
        """Know this file from now on, for its copies in the same load."""
        self.hashes.add((entry.table, entry.sha256))


def rows_of(
    entries: Sequence[Entry], *, load_id: str, loaded_at: datetime
) -> list[list[Any]]:
    """Entries as rows of the ledger's table, in the order of `COLUMNS`."""
    return [
        [
            load_id,
            loaded_at,
            entry.table,
            entry.file.shown,
            entry.sha256,
            entry.file.size,
            entry.file.modified_ns,
            entry.source_rows,
            entry.landed,
            entry.rejected,
            entry.started_at,
            entry.finished_at,
        ]
        for entry in entries
    ]
