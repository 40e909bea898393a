"""`firn spark`: a warm Spark, so that builds do not wait for a JVM."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.cli.output import Format, FormatOption, emit, hint, interactive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from orchestration.spark.warm.record import Record

app = typer.Typer(
    help="A warm Spark: one JVM for all builds, until it is ended.\n\n"
    "\b\nExample:\n  firn spark up\n  firn run --target spark\n  firn spark down",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def spark() -> None:
    """Hold the subcommands."""


@app.command()
def up(
    target: Annotated[
        str, typer.Option(help="Of profiles/profiles.yml: whose settings to take.")
    ] = "spark",
    output: FormatOption = Format.text,
) -> None:
    """Start it, and wait until it answers; builds on Spark use it from then on.

    Settings that make a JVM (spark.master, spark.driver.…) are those of this moment.
    It ends by `firn spark down`, or after FIRN_SPARK_IDLE_HOURS (8) without a build.

    \b
    Example:
      firn spark up
      SPARK_DRIVER_MEMORY=8g firn spark up
    """
    from orchestration.build.spark import profile
    from orchestration.settings import Settings
    from orchestration.spark.session import require
    from orchestration.spark.warm import control

    require()
    settings = Settings.load()
    conf = profile.of_target(settings, target)
    with _waiting() as on_wait:
        found, is_new = control.up(settings, conf, on_wait=on_wait)
    first = "Spark is warm" if is_new else "Spark is warm already"
    answer = _described(found) | {"started": is_new}
    emit(output, answer, lambda: f"{first}: {_sentence(found)}")


@app.command()
def status(output: FormatOption = Format.text) -> None:
    """Say whether one runs.

    \b
    Example:
      firn spark status
      firn spark status --format json
    """
    from orchestration.settings import Settings
    from orchestration.spark.warm.record import Record

    found = Record.of(Settings.load().home)
    emit(
        output,
        _described(found),
        lambda: f"Spark is warm: {_sentence(found)}" if found else "no warm Spark",
    )


@app.command()
def down(output: FormatOption = Format.text) -> None:
    """End it; builds that use it fail, later ones start a JVM of their own.

    \b
    Example:
      firn spark down
    """
    from orchestration.settings import Settings
    from orchestration.spark.warm import control

    ended = control.down(Settings.load())
    emit(
        output,
        {"ended": ended is not None, "pid": ended.pid if ended else None},
        lambda: f"ended process {ended.pid}" if ended else "no warm Spark",
    )


@contextmanager
def _waiting() -> "Iterator[Callable[[float], None]]":
    """Show how long it takes: a line, which counts where somebody watches."""
    if not interactive():
        said: list[float] = []

        def once(seconds: float) -> None:
            if not said:
                hint("starting Spark")
            said.append(seconds)

        yield once
        return
    from rich.console import Console

    with Console(stderr=True).status("starting Spark") as line:
        yield lambda seconds: line.update(f"starting Spark, {seconds:.0f} s")


def _described(found: "Record | None") -> dict[str, Any]:
    if found is None:
        return {"running": False}
    return {
        "running": True,
        "pid": found.pid,
        "master": found.master,
        "since": found.since,
    }


def _sentence(found: "Record") -> str:
    return f"{found.master}, process {found.pid}, since {found.since}"
