"""The settings of the local Airflow: all in one place, as environment variables."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from orchestration.settings import Settings

_DATABASE = "FIRN_AIRFLOW_DATABASE"


def home(settings: Settings) -> Path:
    """Its database, logs and configuration."""
    return settings.home / "airflow"


def database(settings: Settings, environ: Mapping[str, str] = os.environ) -> str:
    """SQLAlchemy's URL of its database (`FIRN_AIRFLOW_DATABASE`, default SQLite)."""
    return environ.get(_DATABASE) or f"sqlite:///{home(settings) / 'airflow.db'}"


def is_sqlite(settings: Settings) -> bool:
    """Whether the database is a file: then a backfill by Airflow itself may lock it."""
    return database(settings).startswith("sqlite")


def variables(settings: Settings, *, port: int) -> dict[str, str]:
    """What all of its components are told."""
    orchestration = settings.project_dir / "orchestration"
    url = f"http://127.0.0.1:{port}"
    return {
        "AIRFLOW_HOME": str(home(settings)),
        # It starts its components by name.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "FIRN_PROJECT_DIR": str(settings.project_dir),
        "FIRN_HOME": str(settings.home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(orchestration / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(orchestration / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "8",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
        # Otherwise a file without certain words is not looked at, in silence.
        "AIRFLOW__CORE__DAG_DISCOVERY_SAFE_MODE": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",  # loopback alone
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database(settings),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        # By default each task holds its slot for up to five seconds.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        "AIRFLOW__TRIGGERER__CAPACITY": "10000",  # a node costs little
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
        "DO_NOT_TRACK": "1",
    }
