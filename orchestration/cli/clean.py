"""`firn clean`: forget what nobody needs, and delete its files."""

from typing import Annotated

import typer

from orchestration.cli.output import LARGEST, Format, FormatOption, emit


def clean(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would go.")
    ] = False,
    keep_publications: Annotated[
        int,
        typer.Option(
            min=1,
            max=LARGEST,
            metavar="N",
            help="The newest N stay readable and undoable.",
        ),
    ] = 100,
    older_than: Annotated[
        float,
        typer.Option(
            min=0,
            max=36_500,
            metavar="DAYS",
            help="Age at which a failed run's branch and log go.",
        ),
    ] = 7.0,
    output: FormatOption = Format.text,
) -> None:
    """Free disk: old runs' branches, old publications, files that nothing leads to.

    What any branch, or any of the publications that are kept, can reach stays. So do
    all branches that Firn has not named itself. While an engine uses the lake, files
    younger than a day stay, too: somebody may be writing them.

    \b
    Example:
      firn clean --dry-run
      firn clean --keep-publications 20
    """
    from contextlib import closing
    from datetime import timedelta

    from orchestration.cli.render.clean import as_dict, text
    from orchestration.lake import Lake, process
    from orchestration.lake import clean as cleaning
    from orchestration.settings import Settings

    settings = Settings.load()
    limits = cleaning.Limits(
        publications=keep_publications, branch_age=timedelta(days=older_than)
    )
    # A catalog without users leaves by itself; the last verb's may still be there.
    wait = process.idle_seconds() + 2
    with closing(Lake.open(settings)) as lake:
        found = cleaning.plan(lake, settings, limits, wait=wait)
        if not dry_run:
            found = cleaning.apply(lake, settings, found, wait=wait)
    done = {"dry_run": dry_run, **as_dict(found)}
    emit(output, done, lambda: text(found, dry_run=dry_run))
