"""`firn log`: what was published, newest first."""

from typing import Annotated

import typer

from orchestration.cli.output import LARGEST, Format, FormatOption, emit


def log(
    limit: Annotated[
        int,
        typer.Option("--limit", "-n", min=1, max=LARGEST, help="How many, at most."),
    ] = 20,
    output: FormatOption = Format.text,
) -> None:
    """List publications, newest first: when, who, what changed.

    \b
    Example:
      firn log
      firn log -n 3 --format json
    """
    from contextlib import closing

    from orchestration.cli.render.publications import as_dict, log_text
    from orchestration.lake import Lake
    from orchestration.settings import Settings

    with closing(Lake.open(Settings.load())) as lake:
        found = lake.log(limit=limit)
    emit(
        output, [as_dict(publication) for publication in found], lambda: log_text(found)
    )
