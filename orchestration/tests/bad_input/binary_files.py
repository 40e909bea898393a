"""Packed and binary files, and why a source with them is refused."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest

from orchestration.errors import GateError, SetupError
from orchestration.tests.pages import case
from orchestration.tests.unit.ingestion.conftest import Place

COLUMNS = {"id": "bigint", "name": "varchar"}
TEN = "select i as id, 'n' || i as name from range(10) as r (i)"


def named(name: str, outcome: str) -> pytest.MarkDecorator:
    """A row of the page, among those of archives and binary files."""
    return case("Archives and binary", name, outcome=outcome)


def refusal(place: Place, **options: Any) -> str:
    """Why the source is refused; nothing of it is there, nor a copy left behind."""
    with pytest.raises((GateError, SetupError)) as caught:
        place.load(place.source(COLUMNS, **options))
    assert list((place.settings.project_dir / "spill").glob("unpacked_*")) == []
    tables = place.con.execute("show all tables").fetchall()
    assert [row[2] for row in tables if row[0] == "lake"] == []
    return str(caught.value)


def parquet_bytes(query: str, options: str = "") -> bytes:
    """What DuckDB writes of a query."""
    with duckdb.connect() as con, TemporaryDirectory() as folder:
        file = Path(folder) / "rows.parquet"
        con.execute("set force_mbedtls_unsafe = true")  # any encryption will do
        con.execute("pragma add_parquet_key('k', '0123456789012345')")
        con.execute(f"copy ({query}) to '{file}' (format parquet {options})")
        return file.read_bytes()
