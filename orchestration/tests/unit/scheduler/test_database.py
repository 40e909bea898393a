import subprocess
from pathlib import Path

import psycopg
import pytest

from orchestration.errors import UsageError
from orchestration.scheduler import postgres
from orchestration.scheduler.database import named, serving

PASSWORD = "geheim+7"


def test_its_database_is_the_one_that_is_named(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://firn:{PASSWORD}@127.0.0.1/airflow"
    with serving(tmp_path, {"FIRN_AIRFLOW_DATABASE": url}) as found:
        assert found.url == url, "with its password"
        assert not found.why


@pytest.mark.parametrize(
    "given",
    [
        PASSWORD,
        f"//firn:{PASSWORD}@host/name",
        f"nosuch://firn:{PASSWORD}@host/name",
        f"postgresql+nosuch://firn:{PASSWORD}@host/name",
        f"oracle+oracledb://firn:{PASSWORD}@host/name",
        f"postgresql+psycopg://firn:{PASSWORD}@host:port/name",
        f"postgresql+psycopg://firn:@host:{PASSWORD}/name",
    ],
)
def test_what_names_no_database_is_told_without_it(
    given: str,
) -> None:
    with pytest.raises(UsageError, match="FIRN_AIRFLOW_DATABASE: ") as caught:
        named({"FIRN_AIRFLOW_DATABASE": given})
    assert caught.value.remedy
    assert PASSWORD not in str(caught.value)
    assert caught.value.__cause__ is None, "which might be logged"


def test_where_it_began_with_sqlite_it_stays(tmp_path: Path) -> None:
    (tmp_path / "airflow.db").touch()
    with serving(tmp_path, {}) as found:
        assert found.url == f"sqlite:///{tmp_path}/airflow.db"
        assert "first started" in found.why


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OSError("Postgres is not installed"), "not installed"),
        (subprocess.CalledProcessError(1, ["/some/initdb"]), "initdb failed"),
    ],
)
def test_without_postgres_it_is_sqlite_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, why: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(postgres, "run", refuse)
    monkeypatch.setattr(postgres, "programs", lambda: Path("/some"))
    with serving(tmp_path, {}) as found:
        assert found.url.startswith("sqlite:")
        assert why in found.why


def test_without_its_programs_it_is_sqlite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "programs", lambda: None)
    with serving(tmp_path, {}) as found:
        assert found.why == "Postgres is not installed"


def query(url: str, text: str) -> object:
    host = url.partition("host=")[2]
    with psycopg.connect(host=host, user="firn", dbname="postgres") as con:
        found = con.execute(text)
        return found.fetchone() if found.description else None


@pytest.mark.skipif(postgres.programs() is None, reason="Postgres is not installed")
def test_a_postgres_keeps_what_it_has_and_ends_with_us(roomy: Path) -> None:
    with serving(roomy, {}) as found:
        assert found.url.startswith("postgresql+psycopg:")
        query(found.url, "create table kept as select 7 as it")
    with pytest.raises(psycopg.OperationalError):
        query(found.url, "select 1")
    with serving(roomy, {}) as again:
        assert query(again.url, "select it from kept") == (7,)


@pytest.mark.skipif(postgres.programs() is None, reason="Postgres is not installed")
def test_one_whose_keeper_was_killed_is_ended_first(roomy: Path) -> None:
    left = postgres.serving(roomy / "postgres")
    url = left.__enter__()
    with serving(roomy, {}) as found:
        assert found.url != url
        assert query(found.url, "select 7") == (7,)
        with pytest.raises(psycopg.OperationalError):
            query(url, "select 1")
    with pytest.raises(subprocess.CalledProcessError):  # it is ended already
        left.__exit__(None, None, None)
