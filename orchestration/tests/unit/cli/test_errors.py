import json
import signal
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.cli import sql
from orchestration.errors import (
    ConflictError,
    FirnError,
    GateError,
    NotFoundError,
    SetupError,
    SpecError,
    UsageError,
)
from orchestration.lake import Lake
from orchestration.tests.unit.cli.conftest import Firn


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(Lake, "log", fail)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (GateError, 1),
        (ConflictError, 1),
        (UsageError, 2),
        (SpecError, 2),
        (NotFoundError, 2),
        (SetupError, 3),
    ],
)
def test_an_error_ends_with_its_code_and_three_parts(
    firn: Firn,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[FirnError],
    code: int,
) -> None:
    raising(monkeypatch, kind("it broke", where="marts.fct", remedy="Mend it."))
    result = firn("log")
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr == "error: marts.fct: it broke\n  fix: Mend it.\n"


def test_an_error_is_json_on_stdout_for_machines(
    firn: Firn, monkeypatch: pytest.MonkeyPatch
) -> None:
    raising(monkeypatch, ConflictError("main moved", where="main", remedy="Again."))
    result = firn("log", "--format", "json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "error": "ConflictError",
        "what": "main moved",
        "where": "main",
        "remedy": "Again.",
    }


@pytest.mark.parametrize("output", ["text", "json"])
def test_an_unexpected_error_leaves_its_trace_in_a_file(
    firn: Firn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, output: str
) -> None:
    raising(monkeypatch, ZeroDivisionError("by zero"))
    result = firn("log", "--format", output)
    assert result.exit_code == 3
    said = result.stdout + result.stderr
    assert "Traceback" not in said
    (trace,) = (tmp_path / "home" / "logs").glob("error_*.log")
    assert str(trace) in said
    assert "ZeroDivisionError: by zero" in trace.read_text()


@pytest.mark.parametrize(
    "error",
    [
        KeyboardInterrupt(),
        RuntimeError("Query interrupted"),
        duckdb.InterruptException("INTERRUPT Error: Interrupted!"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_interrupt_ends_with_130(
    firn: Firn, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    raising(monkeypatch, error)
    result = firn("log")
    assert result.exit_code == 130
    assert result.stdout + result.stderr == ""


def test_an_interrupt_is_known_inside_our_own_error(
    firn: Firn, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapped = UsageError("Interrupted!")
    wrapped.__cause__ = duckdb.InterruptException("Interrupted!")
    raising(monkeypatch, wrapped)
    assert firn("log").exit_code == 130


def test_a_termination_ends_with_143(
    firn: Firn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def terminated(*args: object, **kwargs: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(Lake, "log", terminated)
    assert firn("log").exit_code == 143
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    "call",
    [
        ["nix"],
        ["log", "--nix"],
        ["log", "--limit", "0"],
        ["log", "--format", "xml"],
        ["diff"],
        ["diff", "main", "--rows", "a.b"],
        ["publish", "nix"],
        ["branches", "create", "no good"],
        ["branches", "drop", "nix"],
        ["branches", "drop", "main"],
        ["diff", "main"],
        ["sql"],
        ["sql", " "],
        ["sql", "select 1", "--file", "x.sql"],
        ["sql", "--file", "missing.sql"],
        ["sql", "select 1", "--write"],
        ["sql", "select 1", "--at", "1", "--branch", "b"],
        ["sql", "select 1", "--at", "77"],
        ["ingest", "--new-source", "x"],
        ["build", "--empty"],
    ],
    ids=" ".join,
)
def test_wrong_use_ends_with_2(firn: Firn, call: list[str]) -> None:
    result = firn(*call)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_outside_a_project_it_says_how_to_get_in(
    firn: Firn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FIRN_PROJECT_DIR", str(tmp_path))
    result = firn("log")
    assert result.exit_code == 2
    assert "FIRN_PROJECT_DIR" in result.stderr


def test_a_password_in_the_databases_address_is_not_printed(
    firn: Firn, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "postgresql://firn:geheim@127.0.0.1:1/firn"
    monkeypatch.setenv("FIRN_CATALOG_DATABASE", address)
    for call in (["log"], ["log", "--format", "json"], ["branches"]):
        result = firn(*call)
        assert result.exit_code == 3
        assert "geheim" not in result.stdout + result.stderr


def test_sql_that_is_not_utf_8_is_wrong_use(firn: Firn, tmp_path: Path) -> None:
    path = tmp_path / "latin.sql"
    path.write_bytes("select 'ü'".encode("latin-1"))
    result = firn("sql", "--file", str(path))
    assert result.exit_code == 2
    assert "not UTF-8" in result.stderr


def test_forks_of_readers_that_were_killed_are_swept(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.create_branch("read_old")
    lake.create_branch("dev_old")
    sql._sweep(lake)
    assert len(lake.branches()) == 3
    monkeypatch.setattr(sql, "_ABANDONED", timedelta(0))
    sql._sweep(lake)
    assert [branch.name for branch in lake.branches()] == ["main", "dev_old"]
