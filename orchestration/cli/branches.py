"""`firn branches`: list, create, refresh and drop them."""

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.cli.output import LARGEST, Format, FormatOption, emit

if TYPE_CHECKING:
    from orchestration.lake import Lake

app = typer.Typer(
    help="List the lake's branches, or create, refresh and drop them.\n\n"
    "\b\nExample:\n  firn branches\n  firn branches create fix_prices\n"
    "  firn branches drop 'run_*'",
    invoke_without_command=True,
    rich_markup_mode=None,
)
Name = Annotated[str, typer.Argument(help="The branch's name.")]


@app.callback()
def branches(ctx: typer.Context, output: FormatOption = Format.text) -> None:
    """List every branch with its base, age, owner and number of changed tables."""
    if ctx.invoked_subcommand is not None:
        return
    from orchestration.cli.render.branches import listing

    with _lake() as lake:
        rows = [_described(lake, branch) for branch in lake.branches()]
    emit(output, rows, lambda: listing(rows))


@app.command()
def create(
    name: Name,
    base: Annotated[str, typer.Option(help="What to fork.")] = "main",
    at: Annotated[
        int | None,
        typer.Option(
            max=LARGEST, help="Fork `main` as it was just after this publication."
        ),
    ] = None,
    output: FormatOption = Format.text,
) -> None:
    """Fork a branch; no data is copied.

    \b
    Example:
      firn branches create fix_prices
      firn branches create last_week --at 12
    """
    with _lake() as lake:
        branch = lake.create_branch(name, base=base, at=at)
    emit(
        output,
        {"branch": branch.name, "base": branch.base},
        lambda: f"created {name} from {base}{f' at publication {at}' if at else ''}",
    )


@app.command()
def refresh(name: Name, output: FormatOption = Format.text) -> None:
    """Follow the base where the branch changed nothing.

    \b
    Example:
      firn branches refresh dev_ana
    """
    with _lake() as lake:
        moved = [str(table) for table in lake.refresh(name)]
    emit(
        output,
        {"branch": name, "moved": moved},
        lambda: f"refreshed {name}: {len(moved)} tables followed the base",
    )


@app.command()
def drop(
    names: Annotated[
        list[str], typer.Argument(help="Names, or patterns such as 'run_*'.")
    ],
    output: FormatOption = Format.text,
) -> None:
    """Drop branches; what they published stays.

    \b
    Example:
      firn branches drop fix_prices
      firn branches drop 'run_*'
    """
    with _lake() as lake:
        chosen = _matching(lake, names)
        for name in chosen:
            lake.drop_branch(name)
    emit(output, {"dropped": chosen}, lambda: f"dropped {', '.join(chosen) or 'none'}")


def _matching(lake: "Lake", patterns: list[str]) -> list[str]:
    """The branches meant; a plain name is passed on, so that a wrong one is refused."""
    known = [branch.name for branch in lake.branches() if branch.base is not None]
    chosen: dict[str, None] = {}
    for pattern in patterns:
        if any(sign in pattern for sign in "*?["):
            chosen.update(dict.fromkeys(n for n in known if fnmatchcase(n, pattern)))
        else:
            chosen[pattern] = None
    return list(chosen)


def _described(lake: "Lake", branch: Any) -> dict[str, Any]:
    changed = len(lake.diff(branch.name)) if branch.base is not None else None
    return {
        "branch": branch.name,
        "base": branch.base,
        "created_at": branch.created_at,
        "created_by": branch.created_by,
        "changed_tables": changed,
    }


def _lake() -> Any:
    from contextlib import closing

    from orchestration.lake import Lake
    from orchestration.settings import Settings

    return closing(Lake.open(Settings.load()))
