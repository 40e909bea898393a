"""`firn diff`: what a branch would publish."""

from typing import Annotated

import typer

from orchestration.cli.output import LARGEST, Format, FormatOption, emit
from orchestration.errors import UsageError


def diff(
    branch: Annotated[str, typer.Argument(help="The branch to explain.")],
    rows: Annotated[
        str | None,
        typer.Option(metavar="TABLE", help="Also compare this table's rows."),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="What identifies a row; may be repeated."),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=LARGEST, help="Rows to show, at most.")
    ] = 20,
    output: FormatOption = Format.text,
) -> None:
    """Show what a branch changed: tables, rows, columns, partitions.

    \b
    Example:
      firn diff dev_ana
      firn diff dev_ana --rows marts.fct_orders --key order_id
    """
    from contextlib import closing

    from orchestration.build.changed_rows import changed_rows
    from orchestration.build.explain import explain
    from orchestration.cli.render.diff import rows_text, text
    from orchestration.lake import Lake
    from orchestration.settings import MAIN, Settings

    if bool(rows) != bool(key):
        raise UsageError(
            "--rows and --key belong together",
            remedy="Name the table and the column that identifies its rows.",
        )
    if branch == MAIN:
        raise UsageError(
            "main was forked from nothing that it could differ from",
            where="main",
            remedy="Name a branch, or see `firn log` for what main took.",
        )
    with closing(Lake.open(Settings.load())) as lake:
        changes = lake.diff(branch)
    if rows and key:
        found = changed_rows(changes, rows, tuple(key), limit=limit)
        emit(output, found.as_dict(), lambda: rows_text(found))
        return
    explained = explain(changes)
    emit(
        output, [item.as_dict() for item in explained], lambda: text(branch, explained)
    )
