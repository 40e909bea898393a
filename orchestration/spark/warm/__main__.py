"""`python -m orchestration.spark.warm HOME`: what `firn spark up` starts."""

import json
import logging
import sys
from pathlib import Path

from orchestration import locks
from orchestration.errors import FirnError
from orchestration.spark import session
from orchestration.spark.warm import record, server


def main() -> int:
    """Start Spark by the settings on stdin (they may hold secrets), and serve it."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("orchestration").setLevel(logging.INFO)
    home = Path(sys.argv[1])
    asked = json.load(sys.stdin)
    lock = locks.take(record.server_lock(home))
    if lock is None:
        return 0  # another one came first: it is as good
    try:
        spark = session.start(asked["conf"])
    except FirnError as error:
        logging.getLogger(__name__).error("%s", error)  # noqa: TRY400  # no trace
        return error.exit_code
    spark.sql("select 1").collect()  # it answers, and the next one is quicker
    idle = asked["idle_seconds"]
    try:
        server.serve(home, spark, asked["conf"], lock=lock, idle_seconds=idle)
    finally:
        server.end(spark)
    return 0


if __name__ == "__main__":
    sys.exit(main())
