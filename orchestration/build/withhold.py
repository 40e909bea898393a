"""Errors of engines without the values that they quote: logs and answers keep errors.

Only where a column of the project is tagged `pii`, since a value says what went wrong.
"""

import re

from dbt.contracts.graph.manifest import Manifest

WITHHELD = "the value is not shown, since the project has personal data"
# Errors that quote a value, and errors whose text may be anything, as `error(…)` makes.
_OF_DATA = (
    "Conversion Error",
    "Constraint Error",
    "Out of Range Error",
    "Not implemented Error",
)
_ANY_TEXT = ("Invalid Input Error",)
# A value may hold quotes and new lines, so all between the first and the last is one;
# numbers are quoted bare. DuckDB's excerpt of the query begins with `LINE`.
_VALUES = re.compile(r"(['\"]).*\1|(?<![\w.])-?\d[\d.]*(e[+-]?\d+)?(?!\w)", re.DOTALL)
_EXCERPT = re.compile(r"\n+LINE \d+: ")
# Our own words, of a view that could not be made.
_OF_A_VIEW = re.compile(r"Invalid Input Error: [\w.]+ cannot be read: ")


_state = {"on": False}


def switch(*, on: bool) -> None:
    """Whether errors of engines are kept from showing values."""
    _state["on"] = on


def is_on() -> bool:
    """Whether they are."""
    return _state["on"]


def has_personal_data(manifest: Manifest) -> bool:
    """Whether a column of the project is tagged `pii`."""
    nodes = (*manifest.sources.values(), *manifest.nodes.values())
    return any(
        "pii" in (*column.tags, *column.config.tags)
        or {**column.meta, **column.config.meta}.get("pii")
        for node in nodes
        for column in node.columns.values()
    )


def without_values(message: str) -> str:
    """An error of DuckDB without what it quotes; of some kinds the name alone."""
    kind = message.partition(":")[0]
    if kind in _ANY_TEXT and not _OF_A_VIEW.match(message):
        return f"{kind}: {WITHHELD}"
    if kind not in _OF_DATA:
        return message
    end = max((m.start() for m in _EXCERPT.finditer(message)), default=len(message))
    shown = _VALUES.sub("***", message[:end])
    if shown == message[:end]:
        return message
    return f"{shown} ({WITHHELD}){message[end:]}"
