"""`firn publish`: move main to a branch's state, by hand."""

from typing import Annotated

import typer

from orchestration.cli.output import Format, FormatOption, emit


def publish(
    branch: Annotated[str, typer.Argument(help="Whose changes `main` takes.")],
    output: FormatOption = Format.text,
) -> None:
    """Publish a branch as it is, all of it or nothing.

    No gate looks at it: `firn build` is the way that tests. If `main` has moved under
    a table that the branch changed, nothing moves, and the tables are named.

    \b
    Example:
      firn diff dev_ana
      firn publish dev_ana
    """
    from contextlib import closing

    from orchestration.build.provenance import provenance
    from orchestration.cli.render.publications import as_dict, published_text
    from orchestration.lake import Lake
    from orchestration.lake.sums import seal
    from orchestration.settings import Settings

    settings = Settings.load()
    with closing(Lake.open(settings)) as lake:
        seal(lake, branch)
        done = lake.publish(branch, provenance(settings))
    emit(
        output,
        {"publication": as_dict(done) if done else None},
        lambda: published_text(done, branch),
    )
