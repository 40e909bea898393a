"""`firn verify`: whether every file that somebody may read is as it was written."""

from typing import Annotated

import typer

from orchestration.cli.output import Format, FormatOption, emit


def verify(
    branch: Annotated[
        str | None,
        typer.Option(help="Only what this branch reads; default everything."),
    ] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also read all data files to their end.")
    ] = False,
    output: FormatOption = Format.text,
) -> None:
    """Check the files of all branches and kept publications; exit 1 when damaged.

    Each must be there with the length that is recorded of it. Metadata must have the
    content with which it was published; with `--deep`, data must, too. For what is
    damaged it names table, snapshot and file, what still reads, and what to do.

    \b
    Example:
      firn verify
      firn verify --branch main --deep
    """
    from contextlib import closing

    from orchestration.cli.render.verify import as_dict, text
    from orchestration.lake import Lake
    from orchestration.lake.recovery import remedies
    from orchestration.lake.verify import verify as check
    from orchestration.settings import Settings

    with closing(Lake.open(Settings.load())) as lake:
        report = check(lake, branch=branch, deep=deep)
        fixes = remedies(lake, report)
    emit(output, as_dict(report, fixes), lambda: text(report, fixes))
    if not report.is_whole:
        raise typer.Exit(1)
