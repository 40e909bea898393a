from pathlib import Path

from orchestration.scheduler.environment import variables
from orchestration.settings import Settings

SQLITE = "sqlite:///airflow.db"


def test_psycopg_serves_both_kinds_of_connections(settings: Settings) -> None:
    url = "postgresql+psycopg://firn@/postgres?host=socket"
    told = variables(settings, port=1, database=url)
    assert told["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == url
    assert told["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"] == url
    other = variables(settings, port=1, database="postgresql+psycopg2://firn@/x")
    assert "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC" not in other


def test_all_of_it_is_the_project_s_and_loopback_s_own(settings: Settings) -> None:
    told = variables(settings, port=8123, database=SQLITE)
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
