"""`firn catalog serve`: the REST catalog, in the foreground."""

from pathlib import Path
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
    host: Annotated[
        str, typer.Option(help="A loopback address; with TLS also another.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for a free one.")] = 0,
    tls_cert: Annotated[
        Path | None, typer.Option(help="Certificate and its chain, PEM.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its private key, PEM.")] = None,
) -> None:
    """Serve the REST catalog until interrupted.

    Other engines reach every branch through it: the branch is the warehouse's name,
    and the bearer token is in the file that is printed at the start.

    \b
    Example:
      firn catalog serve
      firn catalog serve --port 8181
      firn catalog serve --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem
    """
    from orchestration.errors import UsageError
    from orchestration.lake.rest.server import serve as run
    from orchestration.lake.rest.tls import Certificate
    from orchestration.settings import Settings

    if (tls_cert is None) != (tls_key is None):
        raise UsageError(
            "TLS needs a certificate and its key",
            where="--tls-cert, --tls-key",
            remedy="Give both.",
        )
    certificate = Certificate(tls_cert, tls_key) if tls_cert and tls_key else None
    settings = Settings.load()

    def ready(uri: str) -> None:
        hint(f"the catalog listens on {uri}\n  the token is in {settings.token_file}")

    run(settings, host, port, certificate=certificate, on_ready=ready)
