"""`firn sql`: ask any state of the lake."""

import contextlib
import secrets
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.output import LARGEST
from orchestration.errors import UsageError

if TYPE_CHECKING:
    import duckdb

    from orchestration.lake import Lake
    from orchestration.settings import Settings


class Shape(StrEnum):
    """What `--format` takes here."""

    text = "text"
    json = "json"
    csv = "csv"


def _remember(ctx: typer.Context, value: Shape) -> Shape:
    ctx.meta["firn.format"] = str(value)
    return value


def sql(
    query: Annotated[
        str | None, typer.Argument(help="SQL; `-` reads it from stdin.")
    ] = None,
    branch: Annotated[str, typer.Option(help="The branch to ask.")] = "main",
    at: Annotated[
        int | None,
        typer.Option(
            max=LARGEST, metavar="PUBLICATION", help="`main` just after it, instead."
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Read the SQL from a file.")
    ] = None,
    limit: Annotated[
        int,
        typer.Option(min=0, max=LARGEST, help="Rows to print as text; 0 prints all."),
    ] = 100,
    write: Annotated[
        bool, typer.Option("--write", help="Allow changes; never on `main`.")
    ] = False,
    output: Annotated[
        Shape,
        typer.Option(
            "--format", help="CSV and JSON hold all rows.", callback=_remember
        ),
    ] = Shape.text,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw", help="CSV: leave text as it is, even where it is a formula."
        ),
    ] = False,
) -> None:
    """Ask any branch, or main as it was, in DuckDB's SQL.

    Reads only, unless --write is given. In CSV a text that starts like a formula (=, +,
    -, @) gets an apostrophe before it, so that no spreadsheet runs it; --raw does not.

    \b
    Example:
      firn sql "select count(*) from marts.fct_orders"
      firn sql --branch dev_ana "from marts.fct_orders limit 5" --format csv
      firn sql --at 12 "select sum(amount) from marts.fct_orders"
    """
    from orchestration.cli.render import table
    from orchestration.settings import MAIN, Settings

    text = _text(query, file)
    if not text.strip():
        raise UsageError(
            "there is no SQL in it", remedy='Example: firn sql "select 1".'
        )
    if at is not None and (write or branch != MAIN):
        raise UsageError(
            "--at shows a past state of main, for reading",
            remedy="Leave --branch and --write out.",
        )
    if write and branch == MAIN:
        raise UsageError(
            "main takes no writes: nothing reaches it except by publish",
            where="main",
            remedy="Write on a branch (`firn branches create NAME`) and publish it.",
        )
    settings = Settings.load()
    printer = table.printer(output, limit, raw=raw)
    with state(settings, branch=branch, at=at) as name:
        _ask(settings, name, text, write=write, show=printer)


@contextlib.contextmanager
def state(settings: "Settings", *, branch: str, at: int | None) -> Iterator[str]:
    """Yield the branch to ask, which for `main` is a fork that lives as long as that.

    Reading several tables of `main` itself could meet a publication between two of
    them; a fork is one state.

    Raises:
        NotFoundError: There is no such branch or publication.
    """
    from contextlib import closing

    from orchestration.lake import Lake
    from orchestration.settings import MAIN

    with closing(Lake.open(settings)) as lake:
        if branch != MAIN:
            yield lake.branch(branch).name
            return
        name = f"{_FORK}{secrets.token_hex(4)}"
        _sweep(lake)
        lake.create_branch(name, at=at)
        try:
            yield name
        finally:
            lake.drop_branch(name)


def _sweep(lake: "Lake") -> None:
    """Drop the forks of readers that were killed."""
    from datetime import UTC, datetime

    from orchestration.errors import NotFoundError

    oldest = datetime.now(UTC) - _ABANDONED
    for branch in lake.branches():
        if branch.name.startswith(_FORK) and branch.created_at < oldest:
            with contextlib.suppress(NotFoundError):  # another reader was first
                lake.drop_branch(branch.name)


def _ask(
    settings: "Settings", branch: str, text: str, *, write: bool, show: "table.Printer"
) -> None:
    import duckdb

    from orchestration.lake.session import connect
    from orchestration.trouble import explain

    _look(settings, branch, text)
    connection = connect(settings, branch, read_only=not write)
    try:
        _refuse_others(connection, text, write=write)
        show(connection.execute(text))
        if write:
            _refuse_what_is_lost(connection)
    except duckdb.PermissionException as error:
        raise UsageError(
            str(error).partition(" - ")[0].strip(),
            remedy="This reads the lake, and nothing beside it: land a file with "
            "`firn ingest`, or read it with DuckDB itself.",
        ) from error
    except duckdb.Error as error:
        if trouble := explain(error, catalog_log=str(settings.log_dir / "catalog.log")):
            raise trouble from error
        raise UsageError(
            str(error).strip(),
            where="" if branch.startswith(_FORK) else f"branch {branch}",
            remedy=_known_tables(settings, branch),
        ) from error
    finally:
        connection.close()


def _look(settings: "Settings", branch: str, text: str) -> None:
    """Refuse a table that DuckDB would abort on; a view may read any of them."""
    from contextlib import closing

    from orchestration.lake import Lake
    from orchestration.lake.preflight import require_readable

    with closing(Lake.open(settings)) as lake:
        named = {
            table: pointer.kind
            for table, pointer in lake.pointers(branch).items()
            if table.name.lower() in text.lower()
        }
        every = "VIEW" in named.values()
        require_readable(lake, branch, wanted=lambda one: every or one in named)


def _refuse_others(
    connection: "duckdb.DuckDBPyConnection", text: str, *, write: bool
) -> None:
    """The lake refuses writes anyway; a table beside it would vanish without a word."""
    from orchestration.lake.statements import READS, WRITES, forbidden

    found = forbidden(connection, text, WRITES if write else READS)
    if found is None:
        return
    if not write and found.replace(" ", "_").upper() in WRITES:
        raise UsageError(
            f"{found} is a write, and this only reads",
            remedy="On a branch other than main, add --write.",
        )
    raise UsageError(
        f"{found} is refused: it reaches beyond the lake's tables",
        remedy="Use DuckDB itself for that; `firn sql` asks and changes tables.",
    )


def _refuse_what_is_lost(connection: "duckdb.DuckDBPyConnection") -> None:
    from orchestration.lake.statements import beside_the_lake

    if lost := beside_the_lake(connection):
        raise UsageError(
            f"the {lost} was made beside the lake, and is gone with this connection",
            remedy="Say which lake: `create schema lake.x`, `create table lake.x.t …`.",
        )


def _known_tables(settings: "Settings", branch: str) -> str:
    from contextlib import closing

    from orchestration.lake import Lake

    with closing(Lake.open(settings)) as lake:
        names = sorted(map(str, lake.pointers(branch)))
    if not names:
        return "There is no table yet: `firn run` makes them."
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"There are {', '.join(names[:_NAMED])}{more}."


_NAMED = 20
_FORK = "read_"
_ABANDONED = timedelta(days=1)


def _text(query: str | None, file: Path | None) -> str:
    """The SQL, from the one place where it was given."""
    if (query is None) == (file is None):
        raise UsageError(
            "give the SQL once: as an argument or with --file",
            remedy='For example: firn sql "select 1".',
        )
    if query is not None and query != "-":
        return query
    try:
        if file:
            return file.read_text(encoding="utf-8")
        return typer.get_text_stream("stdin", encoding="utf-8").read()
    except UnicodeDecodeError as error:
        raise UsageError(
            "the SQL is not UTF-8", where=str(file or "stdin"), remedy="Convert it."
        ) from error
    except OSError as error:
        raise UsageError(str(error.strerror), where=str(file)) from error


if TYPE_CHECKING:
    from orchestration.cli.render import table
