"""`firn catalog serve`: the REST catalog, in the foreground."""

from typing import Annotated

import typer

from orchestration.cli.output import hint

app = typer.Typer(
    help="The Iceberg REST catalog.\n\n\b\nExample:\n  firn catalog serve",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def catalog() -> None:
    """Hold the subcommands; with one alone, typer would make it the verb itself."""


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="A loopback address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for a free one.")] = 0,
) -> None:
    """Serve the REST catalog until interrupted.

    Other engines reach every branch through it: the branch is the warehouse's name,
    and the bearer token is in the file that is printed at the start.

    \b
    Example:
      firn catalog serve
      firn catalog serve --port 8181
    """
    from orchestration.lake.rest.server import serve as run
    from orchestration.settings import Settings

    settings = Settings.load()

    def ready(uri: str) -> None:
        hint(f"the catalog listens on {uri}\n  the token is in {settings.token_file}")

    run(settings, host, port, on_ready=ready)
