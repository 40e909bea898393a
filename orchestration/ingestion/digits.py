# ruff: noqa: S608 - the table's name is a constant of `extract`
"""Keep numbers of JSON exact that a binary float would round.

DuckDB's JSON functions read `0.12345678901234567890` as a float of 17 digits, whatever
it is cast to afterwards. In documents that hold such a number, and only in those, the
number becomes a text of the same digits, which is cast to a decimal digit by digit.
"""

import re
from decimal import Decimal

import duckdb

from orchestration.ingestion.values import as_relation

_SAFE_DIGITS = 15  # any decimal of so many digits survives a float of 64 bits
_FETCHED = 10_000
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?', re.DOTALL)


def keep_digits(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Fill `exact` of each row whose `document` has a number that would be rounded."""
    suspects = con.execute(
        f"select rowid, document from {table} where regexp_matches(document, ?)",
        [_suspicious()],
    )
    kept: list[tuple[int, str]] = []
    while found := suspects.fetchmany(_FETCHED):
        for row, document in found:
            exact = _TOKEN.sub(_keep, document)
            if exact != document:
                kept.append((row, exact))
    if kept:
        columns = {"row": "bigint", "text": "varchar"}
        with as_relation(con, columns, kept) as values:
            con.execute(
                f"update {table} set exact = kept.text from {values} as kept "
                f"where {table}.rowid = kept.row"
            )


def _keep(token: re.Match[str]) -> str:
    text = token[0]
    if text.startswith('"') or not any(mark in text for mark in ".eE"):
        return text  # whole numbers stay exact by themselves
    return text if Decimal(repr(float(text))) == Decimal(text) else f'"{text}"'


def _suspicious() -> str:
    """More digits than are safe, on both sides of a point together or before an `e`.

    Or an exponent below those of a float, which then would be 0.
    """
    most = _SAFE_DIGITS + 1
    split = [rf"[0-9]{{{n},}}\.[0-9]{{{most - n},}}" for n in range(1, most)]
    return "|".join([*split, rf"[0-9]{{{most},}}[eE]", "[eE]-[0-9]{3}"])
