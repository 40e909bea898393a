"""Clocks that are wrong by `FIRN_TEST_CLOCK` seconds, in place of the lake's own."""

import os
from datetime import UTC, datetime, timedelta

WRONG = (
    "orchestration.ingestion.load:utc_now=orchestration.tests.faults.clocks:utc_now;"
    "orchestration.lake.branches:now=orchestration.tests.faults.clocks:now;"
    "orchestration.lake.clean:_now=orchestration.tests.faults.clocks:moment"
)


def moment() -> datetime:
    """That of a clean-up."""
    return datetime.now(UTC) + timedelta(seconds=float(os.environ["FIRN_TEST_CLOCK"]))


def utc_now() -> datetime:
    """That of the ingest."""
    return moment().replace(tzinfo=None)


def now() -> str:
    """That of publications and branches."""
    return moment().isoformat()


def careless(*_: object) -> datetime:
    """The moment of a load as it would be without a look at the newest rows."""
    return utc_now()
