"""A wrong variable ends each verb with 2 or 3, and with a word about it."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from orchestration.cli import output
from orchestration.cli.main import app
from orchestration.lake import process
from orchestration.settings import Settings
from orchestration.tests import environment
from orchestration.tests.pages import case, mutant

SECTION = "Specs, profiles, flags, environment"
PASSWORD = "geheim+7"
TOLD = "refused run: exit 2 or 3, the variable by name, what to set instead"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with nothing in it, and no variable but its own."""
    (tmp_path / "dbt_project.yml").write_text("name: firn\nprofile: firn\n")
    (tmp_path / "file").touch()
    (tmp_path / "sources").mkdir()
    environment.only(
        monkeypatch,
        FIRN_PROJECT_DIR=tmp_path,
        FIRN_HOME=tmp_path / "home",
        FIRN_SOURCES=tmp_path / "sources",
        FIRN_USER="tester",
        FIRN_CATALOG_IDLE_SECONDS=0.5,
    )
    return tmp_path


def firn(*args: str) -> Result:
    return CliRunner().invoke(app, list(args), prog_name="firn")


def told(result: Result, codes: tuple[int, ...] = (2, 3)) -> str:
    said = result.stdout + result.stderr
    assert result.exit_code in codes, said
    assert "Traceback" not in said
    assert "unexpected" not in said, said
    assert PASSWORD not in said
    return said


ASK = ["sql", "select 1"]
BAD_PORT = "postgresql://firn:geheim+7@127.0.0.1:x/firn"
DATABASE, URI = "FIRN_CATALOG_DATABASE", "FIRN_CATALOG_URI"
USERS = ["a'b\"; --", "x" * 500, "../..", "ünï", "🦊", "-", "{{x}}"]
ALL = (["log"], ["branches"], ["ingest"], ["sql", "select 1"], ["publish", "x"])


def env(name: str, variable: str, value: str, word: str, *verbs: list[str]) -> object:
    marks = case(SECTION, f"{variable}: {name}", outcome=TOLD)
    return pytest.param(variable, value, word, verbs or ALL, marks=marks, id=value)


URL = f"://firn:{PASSWORD}@127.0.0.1:1/firn"


@pytest.mark.parametrize(
    ("variable", "value", "word", "verbs"),
    [
        env("a file instead of a folder", "FIRN_HOME", "{here}/file", "FIRN_HOME"),
        env("below a file", "FIRN_HOME", "{here}/file/home", "FIRN_HOME"),
        env("not writable", "FIRN_HOME", "/proc/home", "FIRN_HOME"),
        env("a branch name with a path", "FIRN_BRANCH", "../main", "FIRN_BRANCH"),
        env("a branch name with a path", "FIRN_BRANCH", "a/../b", "FIRN_BRANCH"),
        env("a branch name that is SQL", "FIRN_BRANCH", "a'; drop", "FIRN_BRANCH"),
        env("no folder", "FIRN_SOURCES", "/nowhere", "FIRN_SOURCES", ["ingest"]),
        env("a file", "FIRN_SOURCES", "{here}/file", "FIRN_SOURCES", ["ingest"]),
        env("no project", "FIRN_PROJECT_DIR", "/nowhere", "FIRN_PROJECT_DIR"),
        env("server is not there", DATABASE, f"postgresql{URL}", DATABASE),
        env("no such kind", DATABASE, f"nosuch{URL}", DATABASE),
        env("bad port", DATABASE, BAD_PORT, DATABASE),
        env("no address", DATABASE, PASSWORD, DATABASE),
        env("no file", DATABASE, "sqlite:////proc/x/y.db", DATABASE),
        env("a folder", DATABASE, "sqlite:///{here}", DATABASE),
        env("in memory", DATABASE, "sqlite:///:memory:", DATABASE),
        env("in memory", DATABASE, "sqlite://", DATABASE),
        env("no address", URI, "garbage", URI, ASK),
        env("no address", URI, "http://[", URI, ASK),
        env("no address", URI, "http://127.0.0.1:x", URI, ASK),
        env("a file", URI, "file:///etc", URI, ASK),
        env("another host without TLS", URI, "http://192.0.2.1:80", "https", ASK),
        env("nobody there", URI, f"http://u:{PASSWORD}@127.0.0.1:1", "127.0.0.1", ASK),
        env("no size", "FIRN_MEMORY", "lots", "FIRN_MEMORY", ASK),
        env("SQL", "FIRN_MEMORY", "1GB'; drop", "FIRN_MEMORY", ASK),
    ],
)
def test_a_wrong_variable_is_named(
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    word: str,
    verbs: tuple[list[str], ...],
) -> None:
    monkeypatch.setenv(variable, value.format(here=place))
    for verb in verbs:
        assert word in told(firn(*verb)), verb
    process.release(Settings.load({"FIRN_PROJECT_DIR": str(place)}))


@mutant("FIRN_CATALOG_URI: nobody there", guard="passwords are taken out of addresses")
def test_without_redaction_the_address_shows_its_password(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRN_CATALOG_URI", f"http://u:{PASSWORD}@127.0.0.1:1")
    told(firn("sql", "select 1"))
    monkeypatch.setattr(output, "redact", lambda text: text)
    with pytest.raises(AssertionError):
        told(firn("sql", "select 1"))


@case(SECTION, "FIRN_WAREHOUSE: not writable, or a file", outcome=TOLD)
@pytest.mark.parametrize("value", ["/proc/warehouse", "{here}/file"])
def test_a_warehouse_that_takes_no_files(
    place: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    assert firn("branches", "create", "b").exit_code == 0
    monkeypatch.setenv("FIRN_WAREHOUSE", value.format(here=place))
    write = ["sql", "--branch", "b", "--write"]
    told(firn(*write, "create schema lake.a"), (0, 2, 3))
    told(firn(*write, "create table lake.a.t as select 1 as x"))
    doctor = told(firn("doctor"), (3,))
    assert "FIRN_WAREHOUSE" in doctor
    process.release(Settings.load())


@case(
    SECTION,
    "FIRN_USER: anything",
    outcome="accepted: a branch name is made of its letters and digits",
)
@pytest.mark.parametrize("user", USERS)
def test_any_user_has_a_branch(
    place: Path, monkeypatch: pytest.MonkeyPatch, user: str
) -> None:
    monkeypatch.setenv("FIRN_USER", user)
    assert re.fullmatch(r"dev_[a-z0-9_]{1,80}", Settings.load().branch)
    assert firn("branches", "create", "mine").exit_code == 0
    assert firn("branches").exit_code == 0


@case(
    SECTION,
    "doctor: home is a file, catalog does not answer",
    outcome="refused run: exit 3, the check says which and the fix",
)
def test_doctor_finds_what_is_wrong(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRN_HOME", str(place / "file"))
    assert "Set FIRN_HOME" in told(firn("doctor"), (3,))
    monkeypatch.setenv("FIRN_HOME", str(place / "home"))
    monkeypatch.setenv("FIRN_CATALOG_URI", "http://127.0.0.1:1")
    monkeypatch.setenv("FIRN_CATALOG_TOKEN", "t")
    assert "does not answer" in told(firn("doctor"), (3,))
