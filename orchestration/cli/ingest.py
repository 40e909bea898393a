"""`firn ingest`: land what is new into raw, or scaffold a source from a sample."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from orchestration.cli.output import Format, FormatOption, emit
from orchestration.errors import SourcesRefusedError, UsageError

if TYPE_CHECKING:
    from orchestration.ingestion.result import IngestResult
    from orchestration.settings import Settings


def ingest(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SOURCE]...", help="Names of specs; default all."),
    ] = None,
    new_source: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Write a spec, dbt source and staging."),
    ] = None,
    sample: Annotated[
        Path | None,
        typer.Option("--from", metavar="PATH", help="Data to take the types from."),
    ] = None,
    output: FormatOption = Format.text,
) -> None:
    """Land what is new into raw, and publish it.

    \b
    Example:
      firn ingest
      firn ingest ecom
      firn ingest --new-source shop --from landing/shop
    """
    from orchestration.settings import Settings

    if new_source or sample:
        _scaffold(Settings.load(), new_source, sample, output)
        return
    from orchestration.cli.render import run as render
    from orchestration.cli.render.progress import watching
    from orchestration.ingestion.run import ingest as land

    settings = Settings.load()

    with watching() as progress, partly(output):
        progress.step("ingest")
        landed = land(
            settings,
            tuple(sources or ()),
            on_progress=progress.landed,
            on_step=progress.step,
        )
    emit(output, render.landed_dict(landed), lambda: render.landed_text(landed))


@contextmanager
def partly(output: Format, *, key: str | None = None) -> Iterator[None]:
    """Where some sources are refused, still answer with what the others landed.

    Args:
        key: Where the answer in JSON has what landed; None where that is the answer.

    Raises:
        SourcesRefusedError: As it came, for the message.
        typer.Exit: With its exit code instead, after an answer in JSON.
    """
    try:
        yield
    except SourcesRefusedError as error:
        from orchestration.cli.render import run as render

        landed = cast("IngestResult", error.landed)
        answer = render.landed_dict(landed)
        answer["refused"] = [one.as_dict() for one in error.refused]
        answer = ({key: answer} if key else answer) | error.as_dict()
        emit(output, answer, lambda: render.landed_text(landed))
        if output is Format.json:
            raise typer.Exit(error.exit_code) from error
        raise


def _scaffold(
    settings: "Settings", name: str | None, sample: Path | None, output: Format
) -> None:
    if name is None or sample is None:
        raise UsageError(
            "--new-source and --from belong together",
            remedy="Name the source and give the folder or file of its data.",
        )
    from orchestration.ingestion.scaffold import scaffold

    written = [str(path) for path in scaffold(settings, name, sample)]
    emit(
        output,
        {"source": name, "written": written},
        lambda: "\n".join([f"wrote {path}" for path in written] + [_NEXT]),
    )


_NEXT = "look at the types, then: firn run"
