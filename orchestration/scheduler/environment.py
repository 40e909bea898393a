"""The settings of the local Airflow: all in one place, as environment variables."""

from pathlib import Path

from orchestration.settings import Settings


def home(settings: Settings) -> Path:
    """Its database, logs and configuration."""
    return settings.home / "airflow"


def variables(settings: Settings, *, port: int, database: str) -> dict[str, str]:
    """What all of its components are told.

    Args:
        database: SQLAlchemy's URL of its own database.
    """
    orchestration = settings.project_dir / "orchestration"
    url = f"http://127.0.0.1:{port}"
    return {
        "AIRFLOW_HOME": str(home(settings)),
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
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
        **_async(database),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        # By default each task holds its slot for up to five seconds.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        # Seconds. Each look reads all tasks of a run: at 0.1, one of 276 tasks took a
        # quarter more CPU, and no less time.
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
        # Whose scheduler was killed waits that long, in seconds, for another one.
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30",
        # A file that changes is read at once in any case, and `firn airflow deploy`
        # has all of them read.
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
        "AIRFLOW__TRIGGERER__CAPACITY": "10000",  # a node costs little
        # Cheap, since no DAG goes along (`triggerer.py`).
        "AIRFLOW__TRIGGERER__MAX_TRIGGER_TO_SELECT_PER_LOOP": "1000",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
        "DO_NOT_TRACK": "1",
    }


def _async(database: str) -> dict[str, str]:
    """Airflow takes asyncpg for Postgres, where psycopg can do both."""
    if not database.startswith("postgresql+psycopg:"):
        return {}
    return {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": database}
