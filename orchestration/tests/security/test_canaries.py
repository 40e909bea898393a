"""Secrets and personal data are in no log, artifact, page, error or answer."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from dbt.cli.main import dbtRunner
from typer.testing import CliRunner

from orchestration.build import withhold
from orchestration.build.dbt import disconnect
from orchestration.cli import output
from orchestration.cli.main import app
from orchestration.ingestion import files, schema
from orchestration.lake import process
from orchestration.settings import Settings
from orchestration.tests import environment
from orchestration.tests.pages import fault, mutant
from orchestration.tests.security import canaries
from orchestration.tests.security.canaries import Leak, leaks

SECRETS = "secrets in profile, spec, environment and token"
PEOPLE = "personal data that is rejected, or that a model fails on"
SEEN = "the message without it; nothing of it in logs, target/ or docs"


class Said:
    """Everything that was printed, by the call that printed it."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def firn(self, *args: str, code: int | None = None) -> str:
        """Call the command line in this process."""
        result = CliRunner().invoke(app, list(args), prog_name="firn")
        name = f"{len(self.texts)}: firn {' '.join(args)}"
        self.texts[name] = result.stdout + result.stderr
        assert "Traceback" not in self.texts[name]
        assert code is None or result.exit_code == code, self.texts[name]
        return self.texts[name]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A project whose every place for a secret holds one."""
    folder, drop = tmp_path / "project", tmp_path / canaries.PLACE
    folder.mkdir()
    canaries.write_project(folder, drop)
    environment.only(
        monkeypatch,
        FIRN_PROJECT_DIR=folder,
        FIRN_HOME=tmp_path / "home",
        FIRN_USER="tester",
        FIRN_CATALOG_IDLE_SECONDS=2,
        FIRN_CATALOG_TOKEN=canaries.TOKEN,
        CRM_DROP=drop,
        CRM_PASSWORD=canaries.PASSWORD,
        DBT_ENV_SECRET_CRM=canaries.PROFILE,
    )
    loaded = Settings.load()
    loaded.home.mkdir()
    loaded.token_file.write_text(canaries.TOKEN + "\n")
    loaded.token_file.chmod(0o600)
    yield loaded
    process.release(loaded)


@pytest.fixture
def said() -> Said:
    """Nothing yet."""
    return Said()


def drop_of(settings: Settings) -> Path:
    """Where the source's files lie."""
    return settings.project_dir.parent / canaries.PLACE / "crm"


def land_and_build(settings: Settings, said: Said) -> str:
    """Rejected rows, models that fail on people, and increments; returns the branch."""
    said.firn("ingest", code=0)
    answer = json.loads(said.firn("build", "--format", "json", code=1))
    failed = {n["name"] for n in answer["nodes"] if n["status"] == "error"}
    assert failed == {"bad_cast", "bad_date", "bad_error", "bad_key", "bad_check"}
    said.firn("diff", answer["branch"])
    said.firn("publish", answer["branch"])
    said.firn("build", "--select", "dim_people", "--verbose")
    return str(answer["branch"])


def land_what_is_refused(settings: Settings, said: Said) -> None:
    """No header, too many rejects, a quote that never closes, no folder."""
    late = drop_of(settings) / "people_2.csv"
    late.write_text(canaries.PEOPLE.partition("\n")[2])
    said.firn("ingest", code=1)
    lines = "".join(f"{n},{canaries.PERSON},x{canaries.BORN},1\n" for n in range(99))
    late.write_text("id,email,born,visits\n" + lines)
    said.firn("run", code=1)
    said.firn("ingest", "--format", "json", code=1)
    late.write_text(f'id,email,born,visits\n1,"{canaries.PERSON}')
    said.firn("ingest", code=1)
    late.unlink()
    said.firn("sql", "--format", "csv", "select _source_file from raw.crm__people")
    said.firn("sql", "--format", "csv", "select source_file from raw.crm__loads")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRM_DROP", f"/nowhere/{canaries.PLACE}")
        said.firn("ingest", code=2)


def look_around(settings: Settings, said: Said, branch: str) -> None:
    """What only reads, and dbt's documentation."""
    for call in (
        ["log", "--format", "json"],
        ["branches"],
        ["doctor"],
        ["sql", "from duckdb_secrets()"],
        ["sql", "from no.such"],
    ):
        said.firn(*call)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRN_BRANCH", branch)
        patch.chdir(settings.project_dir)
        folder = str(settings.project_dir)
        options = ["--project-dir", folder, "--profiles-dir", f"{folder}/profiles"]
        dbtRunner().invoke(["docs", "generate", "--quiet", *options])
        disconnect()


def use_bad_addresses(said: Said) -> None:
    """Addresses with a password that lead nowhere."""
    password = quote(canaries.PASSWORD, safe="")
    for variable, address in (
        ("FIRN_CATALOG_DATABASE", f"postgresql://firn:{password}@127.0.0.1:1/x"),
        ("FIRN_CATALOG_DATABASE", f"postgresql://firn:{canaries.PASSWORD}@[::/x"),
        ("FIRN_CATALOG_DATABASE", f"nonsense://firn:{password}@h:y/x"),
        ("FIRN_CATALOG_URI", f"http://me:{password}@127.0.0.1:9"),
        ("FIRN_CATALOG_URI", f"https://me:{password}@127.0.0.1:9"),
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(variable, address)
            for verb in (["log"], ["ingest"], ["sql", "select 1"], ["doctor"]):
                said.firn(*verb)


def found(settings: Settings, said: Said, secrets: list[str]) -> list[Leak]:
    """The lake itself holds the data, and the token's file the token."""
    project = settings.project_dir
    places = [settings.log_dir, project / "target", project / "logs"]
    places += [project / "dbt_packages"]
    texts = dict(said.texts)
    for name in ("catalog.json", "last_build.json"):
        if (settings.home / name).exists():
            texts[name] = (settings.home / name).read_text()
    return leaks(secrets, texts, places)


ALL_SECRETS = [canaries.TOKEN, canaries.PASSWORD, canaries.PROFILE, canaries.PLACE]
ALL_PEOPLE = [canaries.PERSON, canaries.KEY, canaries.BORN]


@pytest.mark.slow
@fault("Security", SECRETS, seen=SEEN)
@fault("Security", PEOPLE, seen=SEEN)
def test_no_canary_is_anywhere(settings: Settings, said: Said) -> None:
    branch = land_and_build(settings, said)
    land_what_is_refused(settings, said)
    look_around(settings, said, branch)
    use_bad_addresses(said)
    got = found(settings, said, [*ALL_SECRETS, *ALL_PEOPLE])
    assert not got, "\n".join(f"{one.place}\n    {one.around}" for one in got)
    assert (settings.project_dir / "target/catalog.json").exists()
    assert list(settings.log_dir.rglob("dbt.log"))


@mutant(SECRETS, guard="what is printed is freed of secrets")
def test_without_redaction_a_password_is_shown(
    settings: Settings, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "redact", lambda text: text)
    use_bad_addresses(said)
    assert found(settings, said, [quote(canaries.PASSWORD, safe="")])


@mutant(SECRETS, guard="paths of files name variables, not their values")
def test_with_values_in_paths_a_secret_place_is_shown(
    settings: Settings, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "variables", lambda _: {})
    said.firn("ingest", code=0)
    said.firn("sql", "--format", "csv", "select _source_file from raw.crm__people")
    assert found(settings, said, [canaries.PLACE])


@mutant(PEOPLE, guard="a first row is not taken for column names and shown")
def test_names_that_are_a_row_would_be_shown(
    settings: Settings, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "_withheld", lambda *_: "")
    content = f"7,{canaries.PERSON},1999-01-01,1\n"
    (drop_of(settings) / "people_2.csv").write_text(content)
    said.firn("ingest", code=1)
    assert found(settings, said, ALL_PEOPLE)


@pytest.mark.slow
@mutant(PEOPLE, guard="errors of DuckDB are freed of values")
def test_errors_would_keep_values(
    settings: Settings, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(withhold, "without_values", lambda message: message)
    said.firn("ingest", code=0)
    said.firn("build", "--select", "stg_people", "bad_cast", code=1)
    assert found(settings, said, ALL_PEOPLE)


@pytest.mark.slow
@mutant(PEOPLE, guard="statements and examples leave personal columns out")
def test_statements_would_keep_values(settings: Settings, said: Said) -> None:
    macro = settings.project_dir / "macros/personal/personal_columns.sql"
    macro.write_text("{% macro personal_columns() %}{{ return([]) }}{% endmacro %}")
    said.firn("ingest", code=0)
    said.firn("build", "--select", "stg_people", "bad_check", code=1)
    assert found(settings, said, ALL_PEOPLE)
