"""Small CSV files for tests of what a folder may hold."""

import pytest

from orchestration.tests.pages import case
from orchestration.tests.unit.ingestion.conftest import Place

COLUMNS = {"id": "bigint", "name": "varchar"}
ROW = b"id,name\n1,a\n"


def named(name: str, outcome: str) -> pytest.MarkDecorator:
    """A row of the page, among those of files."""
    return case("Files", name, outcome=outcome)


def csv(number: int) -> bytes:
    """A file of one row."""
    return b"id,name\n%d,n\n" % number


def ids(place: Place) -> list[int]:
    """What landed."""
    return [number for (number,) in place.rows("id")]
