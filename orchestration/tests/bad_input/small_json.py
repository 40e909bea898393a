"""JSON for tests of what it may hold."""

import pytest

from orchestration.tests.pages import case

ANY = {"v": "varchar"}
WHOLE = {"v": "bigint"}


def named(name: str, outcome: str) -> pytest.MarkDecorator:
    """A row of the page, among those of JSON."""
    return case("JSON", name, outcome=outcome)


def lines(*values: str) -> bytes:
    """JSON lines of objects whose one key `v` has each of these values."""
    return "".join(f'{{"v": {value}}}\n' for value in values).encode()
