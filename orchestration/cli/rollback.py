"""`firn rollback`: undo a publication."""

from typing import Annotated

import typer

from orchestration.cli.output import LARGEST, Format, FormatOption, emit


def rollback(
    publication: Annotated[
        int | None,
        typer.Argument(
            max=LARGEST,
            help="Its number in `firn log`; default the newest in effect.",
        ),
    ] = None,
    output: FormatOption = Format.text,
) -> None:
    """Put back what a publication replaced, all of it or nothing.

    The rollback is a publication too, so it shows in the log and can be undone. If a
    later publication moved one of the tables, nothing moves: undo that one first.

    \b
    Example:
      firn log
      firn rollback 12
    """
    from contextlib import closing

    from orchestration.build.provenance import provenance
    from orchestration.cli.render.publications import as_dict, rolled_back_text
    from orchestration.lake import Lake
    from orchestration.settings import Settings

    settings = Settings.load()
    with closing(Lake.open(settings)) as lake:
        done = lake.rollback(publication, provenance(settings))
    emit(output, {"publication": as_dict(done)}, lambda: rolled_back_text(done))
