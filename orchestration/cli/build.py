"""`firn build`: dbt on a fresh branch, published when every gate passes."""

from typing import Annotated

import typer

from orchestration.cli.output import Format, FormatOption, emit

DbtArguments = Annotated[
    list[str] | None,
    typer.Argument(metavar="[DBT ARGUMENTS]...", help="Passed on to `dbt build`."),
]
Force = Annotated[bool, typer.Option("--force", help="Build even if nothing is new.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Let dbt speak on stderr.")]


def build(
    dbt_args: DbtArguments = None,
    force: Force = False,
    verbose: Verbose = False,
    output: FormatOption = Format.text,
) -> None:
    """Build on a branch with dbt, publish when every gate passes.

    A build that a gate refuses publishes nothing, leaves its branch, says which query
    shows the failing rows, and exits 1. With a selection, only what it built is
    published, and the next build makes the whole project again.

    \b
    Example:
      firn build
      firn build --select +fct_orders
      firn build --full-refresh --format json
    """
    from orchestration.build import run
    from orchestration.cli.render.progress import watching
    from orchestration.cli.render.run import text
    from orchestration.settings import Settings

    settings = Settings.load()
    with watching(verbose=verbose) as progress:
        result = run.build(
            settings,
            dbt_args or (),
            force=force,
            verbose=verbose,
            progress=progress,
        )
    emit(output, result.as_dict(), lambda: text(result))
    raise typer.Exit(result.exit_code)
