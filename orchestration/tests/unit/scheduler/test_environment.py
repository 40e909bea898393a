import os
import sys
from pathlib import Path

import pytest

from orchestration.errors import UsageError
from orchestration.scheduler.environment import database, is_sqlite, variables
from orchestration.settings import Settings

PASSWORD = "geheim+7"


def test_its_database_is_a_file_beside_the_lake(settings: Settings) -> None:
    assert database(settings, {}) == f"sqlite:///{settings.home}/airflow/airflow.db"
    assert is_sqlite(settings)


def test_its_database_can_be_another(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"postgresql+psycopg://firn:{PASSWORD}@127.0.0.1/airflow"
    monkeypatch.setenv("FIRN_AIRFLOW_DATABASE", url)
    assert database(settings) == url, "with its password"
    assert not is_sqlite(settings)
    told = variables(settings, port=8080)
    assert told["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == url


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
    settings: Settings, given: str
) -> None:
    with pytest.raises(UsageError, match="FIRN_AIRFLOW_DATABASE: ") as caught:
        database(settings, {"FIRN_AIRFLOW_DATABASE": given})
    assert caught.value.remedy
    assert PASSWORD not in str(caught.value)
    assert caught.value.__cause__ is None, "which might be logged"


def test_all_of_it_is_the_project_s_and_loopback_s_own(settings: Settings) -> None:
    told = variables(settings, port=8123)
    assert told["AIRFLOW_HOME"] == str(settings.home / "airflow")
    assert told["FIRN_PROJECT_DIR"] == str(settings.project_dir)
    assert told["FIRN_HOME"] == str(settings.home)
    assert Path(told["AIRFLOW__CORE__DAGS_FOLDER"], "build.py").is_file()
    assert Path(told["AIRFLOW__CORE__PLUGINS_FOLDER"], "lake.py").is_file()
    # Everybody is its admin: no other machine may reach it.
    assert told["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert told["AIRFLOW__API__PORT"] == "8123"
    assert told["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:8123"
    execution = told["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
    assert execution == "http://127.0.0.1:8123/execution/"


@pytest.mark.parametrize("path", ["/usr/bin", None])
def test_its_components_are_found_before_all_others(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, path: str | None
) -> None:
    monkeypatch.delenv("PATH")
    if path:
        monkeypatch.setenv("PATH", path)
    first, *others = variables(settings, port=1)["PATH"].split(os.pathsep)
    assert first == str(Path(sys.executable).parent)
    assert "/usr/bin" in others
