"""What a test cannot say in words that both engines know: each one's own.

`FIRN_TEST_TARGET=spark pytest …` runs the tests of this folder on Spark.
"""

import os
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Dialect:
    """An engine's words.

    Attributes:
        name: As views of the lake have it.
        target: Of the profile.
        array: How a list is written, with `{}` for its elements.
        struct: How a struct is written, with `{}` for its fields.
        field: One of these, with `{name}` and `{value}`.
        map: How a map of one entry is written, with `{key}` and `{value}`.
        bad_cast: Part of its error where a text is no number.
        null_refused: Part of its error where a column takes no NULL.
    """

    name: str
    target: str
    array: str
    struct: str
    field: str
    map: str
    bad_cast: str
    null_refused: str

    def list_of(self, *values: str) -> str:
        """A list of expressions."""
        return self.array.format(", ".join(values))

    def struct_of(self, fields: dict[str, str]) -> str:
        """A struct of expressions."""
        parts = (self.field.format(name=n, value=v) for n, v in fields.items())
        return self.struct.format(", ".join(parts))

    def map_of(self, key: str, value: str) -> str:
        """A map with one entry."""
        return self.map.format(key=key, value=value)


DUCKDB = Dialect(
    name="duckdb",
    target="dev",
    array="[{}]",
    struct="struct_pack({})",
    field='"{name}" := {value}',
    map="map([{key}], [{value}])",
    bad_cast="Could not convert",
    null_refused="NOT NULL constraint failed",
)
SPARK = Dialect(
    name="spark",
    target="spark",
    array="array({})",
    struct="named_struct({})",
    field="'{name}', {value}",
    map="map({key}, {value})",
    bad_cast="CAST_INVALID_INPUT",
    null_refused="NOT_NULL_ASSERT_VIOLATION",
)
ENGINE = {one.target: one for one in (DUCKDB, SPARK)}[
    os.environ.get("FIRN_TEST_TARGET", DUCKDB.target)
]


def typed(value: str, type_: str) -> str:
    """A cast to a type by the name that contracts use, as a model writes it."""
    return f"cast({value} as {{{{ sql_type('{type_}') }}}})"


def duckdb_only(reason: str) -> pytest.MarkDecorator:
    """Skip a test on Spark, and say why it makes no sense there."""
    return pytest.mark.skipif(ENGINE is not DUCKDB, reason=reason)
