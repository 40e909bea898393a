"""`python -m orchestration.lake.rest`: the catalog's process, until it is ended."""

import argparse
import logging

from orchestration.lake.rest import server
from orchestration.settings import Settings


def main() -> None:
    """Serve the lake that the environment names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument(
        "--on-demand", action="store_true", help="end when nobody uses it"
    )
    arguments = parser.parse_args()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    settings = Settings.load()
    if arguments.on_demand:
        server.serve_on_demand(settings)
    else:
        server.serve(settings, arguments.host, arguments.port, on_ready=print)


if __name__ == "__main__":
    main()
