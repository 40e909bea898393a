"""`firn run`: land what is new, then build and publish it."""

import time
from dataclasses import replace

import typer

from orchestration.cli.build import DbtArguments, Force, Verbose
from orchestration.cli.ingest import partly
from orchestration.cli.output import LANDED, Format, FormatOption, emit


def run(
    ctx: typer.Context,
    dbt_args: DbtArguments = None,
    force: Force = False,
    verbose: Verbose = False,
    output: FormatOption = Format.text,
) -> None:
    """Ingest, build on a branch, pass the gates, publish.

    Landing publishes by itself: raw rows are on `main` even if a gate then refuses
    what was built from them. With nothing new, nothing is built.

    \b
    Example:
      firn run
      firn run --force --format json
    """
    from orchestration.build.run import build
    from orchestration.cli.render import run as render
    from orchestration.cli.render.progress import watching
    from orchestration.ingestion.run import ingest
    from orchestration.settings import Settings

    started = time.monotonic()
    settings = Settings.load()
    with watching(verbose=verbose) as progress:
        progress.step("ingest")
        with partly(output, key="ingest"):
            landed = ingest(
                settings, on_progress=progress.landed, on_step=progress.step
            )
        ids = [publication.id for publication in landed.publications]
        ctx.meta[LANDED] = ids
        result = build(
            settings,
            dbt_args or (),
            force=force,
            verbose=verbose,
            progress=progress,
        )
    result = replace(result, seconds=time.monotonic() - started)
    data = {"ingest": render.landed_dict(landed), **result.as_dict()}
    emit(output, data, lambda: render.landed_text(landed) + render.text(result, ids))
    raise typer.Exit(result.exit_code)
