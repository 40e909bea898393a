"""One of Airflow's components, with what our tasks need in it already.

A task is forked from the scheduler's process: what that has imported, no task has to.
Elsewhere, an `airflow_local_settings.py` that calls `preload` does the same.

    python -m orchestration.scheduler.component scheduler
"""

import sys

# They serve logs on all interfaces; here the API server reads the files.
_SERVE_LOGS = ("scheduler", "triggerer")


def preload() -> None:
    """Import dbt and what the stages of a build use: a second and a half for each."""

    import orchestration.build.stages  # noqa: F401, PLC0415


def main() -> None:
    """Run `airflow` with the same arguments."""
    from airflow.__main__ import main as airflow  # noqa: PLC0415, TID251

    name = sys.argv[1]
    if name == "scheduler":
        preload()
    if name == "triggerer":
        from orchestration.scheduler import triggerer  # noqa: PLC0415

        triggerer.install()
    if name in _SERVE_LOGS:
        sys.argv.append("--skip-serve-logs")
    sys.argv[0] = "airflow"
    airflow()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
