"""`firn airflow`: a real Airflow for this project, on this machine."""

import json
from contextlib import suppress
from typing import Annotated, Any

import typer

from orchestration.cli.output import Format, FormatOption, emit, hint

app = typer.Typer(
    help="A real Airflow on this machine, with this project's DAGs.\n\n"
    "\b\nExample:\n  firn airflow up\n  firn airflow trigger build --wait\n"
    "  firn airflow down",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def airflow() -> None:
    """Hold the subcommands."""


@app.command()
def up(
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="Of the loopback interface.")
    ] = 8080,
    output: FormatOption = Format.text,
) -> None:
    """Start scheduler, triggerer, DAG processor and API server; wait until healthy.

    Its database is a Postgres of its own where the machine has one installed, and
    SQLite otherwise. FIRN_AIRFLOW_DATABASE names another one (SQLAlchemy's URL).

    \b
    Example:
      firn airflow up
      firn airflow up --port 8081
    """
    from orchestration.cli.render.progress import watching
    from orchestration.ingestion.specs import load_sources
    from orchestration.scheduler import control
    from orchestration.scheduler.client import Client
    from orchestration.scheduler.deploy import deploy
    from orchestration.settings import Settings

    settings = Settings.load()
    with watching(verbose=False) as progress:
        progress.step("read the dbt project")
        deploy(settings)
        progress.step("start Airflow")
        found, is_new = control.up(settings, port=port)
        pools = [source.pool for source in load_sources(settings)]
        client = Client(found.url)
        client.make_pools(pools, slots=1)
        if not is_new:
            client.read_files()
    if is_new and found.why_sqlite:
        hint(
            f"Airflow's database is SQLite ({found.why_sqlite}): leave Airflow's own "
            "`airflow backfill` alone, which locks it; the DAG `backfill` is fine."
        )
    first = "Airflow runs" if is_new else "Airflow runs already"
    emit(
        output,
        {"url": found.url, "pid": found.pid, "started": is_new},
        lambda: f"{first}: {found.url}",
    )


@app.command()
def deploy(output: FormatOption = Format.text) -> None:
    """Read the dbt project, and write what the DAGs' tasks are made from.

    `firn airflow up` does it, too. One that runs on this machine reads its DAGs again;
    where Airflow runs elsewhere, this is a step of the deployment.

    \b
    Example:
      firn airflow deploy
    """
    from orchestration.scheduler.client import Client
    from orchestration.scheduler.deploy import deploy as write
    from orchestration.scheduler.record import Record
    from orchestration.settings import Settings

    settings = Settings.load()
    path = write(settings)
    if found := Record.of(settings):
        Client(found.url).read_files()
    emit(output, {"manifest": str(path)}, lambda: f"wrote {path}")


@app.command()
def status(output: FormatOption = Format.text) -> None:
    """Say whether it runs, how its components are, and what is wrong with DAGs.

    \b
    Example:
      firn airflow status
      firn airflow status --format json
    """
    from orchestration.scheduler.client import Client
    from orchestration.scheduler.control import running
    from orchestration.settings import Settings

    found = running(Settings.load())
    client = Client(found.url)
    health, dags, errors = client.health(), client.dags(), client.import_errors()
    data = {"url": found.url, "health": health, "dags": dags, "import_errors": errors}
    lines = [found.url, *(f"  {name}: {how}" for name, how in health.items())]
    lines += [f"  DAG {name}{' (paused)' if off else ''}" for name, off in dags.items()]
    emit(output, data, lambda: "\n".join([*lines, *errors]))
    raise typer.Exit(1 if errors else 0)


@app.command()
def trigger(
    dag: Annotated[str, typer.Argument(help="Its id, such as `build`.")],
    conf: Annotated[str, typer.Option(help="Its parameters, as JSON.")] = "{}",
    wait: Annotated[
        bool, typer.Option("--wait", help="Until the run is over.")
    ] = False,
    output: FormatOption = Format.text,
) -> None:
    """Start a run of a DAG; with --wait, exit 0 if it ended green and 1 if red.

    \b
    Example:
      firn airflow trigger build --wait
      firn airflow trigger build --conf '{"engine": "spark"}'
    """
    from orchestration.cli.render.progress import watching
    from orchestration.scheduler.client import Client
    from orchestration.scheduler.control import running
    from orchestration.settings import Settings

    params = _params(conf)
    client = Client(running(Settings.load()).url)
    run = client.trigger(dag, params)
    data: dict[str, Any] = {"dag": dag, "run": run, "state": "queued"}
    if wait:
        with watching(verbose=False) as progress:
            progress.step(f"{dag}: {run}")
            data["state"] = client.wait(dag, run)
        failed = [one for one in client.tasks(dag, run) if one["state"] == "failed"]
        data["failed"] = [one["task_id"] for one in failed]
    emit(output, data, lambda: _sentence(data))
    raise typer.Exit(1 if data["state"] == "failed" else 0)


@app.command()
def down(output: FormatOption = Format.text) -> None:
    """End it, with all that it runs.

    \b
    Example:
      firn airflow down
    """
    from orchestration.scheduler import control
    from orchestration.settings import Settings

    ended = control.down(Settings.load())
    emit(
        output,
        {"ended": ended is not None},
        lambda: "Airflow has ended" if ended else "no Airflow ran here",
    )


def _params(text: str) -> dict[str, Any]:
    from orchestration.errors import UsageError

    with suppress(ValueError, RecursionError):
        found = json.loads(text)
        json.dumps(found, allow_nan=False)  # NaN is Python's JSON alone
        if isinstance(found, dict):
            return found
    raise UsageError(
        f"{text[:80]!r} is no JSON object",
        where="--conf",
        remedy="""Give one, in single quotes: --conf '{"engine": "spark"}'.""",
    )


def _sentence(data: dict[str, Any]) -> str:
    failed = data.get("failed")
    tasks = f"; failed: {', '.join(failed)}" if failed else ""
    return f"{data['dag']} {data['run']}: {data['state']}{tasks}"
