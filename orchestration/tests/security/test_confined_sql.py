"""`firn sql` reads the lake and nothing beside it, whatever the SQL says."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from orchestration.cli.main import app
from orchestration.lake import session, statements
from orchestration.tests.pages import fault, mutant
from orchestration.tests.security.conftest import Held

NAME = "SQL that reaches beyond the lake, in `firn sql`"
SEEN = "exit 2: what is refused and what to use instead; nothing is read or written"

# Refused by DuckDB, which is confined. {out} is a file outside, {new} one to make.
REACHES = {
    "read_csv": "from read_csv('{out}')",
    "replacement scan": "from '{out}'",
    "read_text": "from read_text('{out}')",
    "read_blob of the token": "from read_blob('{home}/token')",
    "catalog.db by path": "from read_blob('{home}/catalog.db')",
    "dots": "from read_csv('{warehouse}/../../outside.csv')",
    "glob": "from glob('{folder}/*')",
    "parquet footer": "from parquet_metadata('{out}')",
    "sniff_csv": "from sniff_csv('{out}')",
    "http": "from read_csv('http://127.0.0.1:9/x.csv')",
    "https": "from 'https://127.0.0.1:9/x.parquet'",
    "s3": "from read_parquet('s3://bucket/x.parquet')",
    "another database": "from read_duckdb('{out}')",
    "iceberg by path": "from iceberg_metadata('{folder}/x')",
    "import database": "import database '{folder}'",
    "unredacted secrets": "from duckdb_secrets(redact=false)",
    "getenv": "select getenv('HOME')",
    "python variable": "from text",
}
# Refused by kind, since DuckDB would do them.
KINDS = {
    "copy out": "copy (select 1) to '{new}'",
    "copy over a table's file": "copy (select 9 as a) to '{data}' (format parquet)",
    "copy in explain analyze": "explain analyze copy (select 1) to '{new}'",
    "export": "export database '{new}'",
    "attach memory": "attach ':memory:' as other",
    "attach another catalog": "attach 'main' as o (type iceberg, secret firn, "
    "endpoint 'http://127.0.0.1:9')",
    "detach": "detach lake",
    "install": "install spatial",
    "load": "load json",
    "update extensions": "update extensions",
    "set": "set threads = 1",
    "pragma": "pragma memory_limit = '1GB'",
    "create secret": "create secret s (type iceberg, token 'x')",
    "replace the secret": "create /* or */ or replace secret firn (type http)",
    "drop secret": "drop secret firn",
    "prepare": "prepare p as copy (select 1) to '{new}'",
    "call": "call enable_logging()",
    "logging to a file": "from enable_logging(storage='file', "
    "storage_config={{'path': '{new}'}})",
    "profile to a file": "from enable_profiling(save_location='{new}')",
    "second statement": "select 1; copy (select 1) to '{new}'",
}


def ask(held: Held, sql: str, *more: str) -> tuple[Result, Path]:
    new = held.folder / "new"
    text = sql.format(
        out=held.outside,
        new=new,
        folder=held.folder,
        home=held.settings.home,
        warehouse=held.settings.warehouse,
        data=held.data_file(),
    )
    return CliRunner().invoke(app, ["sql", *more, text], prog_name="firn"), new


def refused(held: Held, sql: str, *more: str) -> None:
    before = held.data_file().read_bytes()
    result, new = ask(held, sql, *more)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert re.search(r"\n  fix: \w", result.stderr), result.stderr
    assert "Traceback" not in result.stderr
    assert held.settings.token_file.read_text().strip() not in result.stderr
    assert not new.exists()
    assert held.data_file().read_bytes() == before


@fault("Security", NAME, seen=SEEN)
@pytest.mark.parametrize("sql", [*REACHES.values(), *KINDS.values()], ids=str)
def test_sql_that_reaches_out_is_refused(held: Held, sql: str) -> None:
    refused(held, sql)


@fault("Security", NAME, seen=SEEN)
@pytest.mark.parametrize(
    "name",
    ["copy over a table's file", "attach another catalog", "create secret", "prepare"],
)
def test_write_mode_allows_tables_and_no_more(held: Held, name: str) -> None:
    refused(held, KINDS[name], "--branch", "made", "--write")


@mutant(NAME, guard="DuckDB is confined to the warehouse")
def test_without_limits_a_file_is_read(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "confine", lambda *_: None)
    with pytest.raises(AssertionError):
        refused(held, REACHES["read_csv"])


@mutant(NAME, guard="statements are refused by kind")
def test_without_kinds_a_table_s_file_is_overwritten(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "forbidden", lambda *_: None)
    content = held.data_file().read_bytes()
    try:
        with pytest.raises(AssertionError):
            refused(held, KINDS["copy over a table's file"])
    finally:
        held.data_file().write_bytes(content)


@pytest.mark.parametrize(
    "sql",
    [
        "from staging.t",
        "describe staging.t",
        "summarize staging.t",
        "show tables",
        "explain select * from staging.t",
        "explain analyze select * from staging.t",
        "pivot (select 1 as a, 2 as b) on a using sum(b)",
        "with x as (select 1 as copy) select * from x",
        "select 'attach' as attach -- copy",
        "from duckdb_secrets()",
        "from pragma_version()",
    ],
)
def test_what_reads_the_lake_still_works(held: Held, sql: str) -> None:
    result, _ = ask(held, sql)
    assert result.exit_code == 0, result.output
    assert held.settings.token_file.read_text().strip() not in result.output


def test_a_link_in_the_warehouse_leads_nowhere(held: Held) -> None:
    link = held.settings.warehouse / "link.csv"
    link.symlink_to(held.outside)
    try:
        refused(held, "from read_csv('{warehouse}/link.csv')")
    finally:
        link.unlink()
