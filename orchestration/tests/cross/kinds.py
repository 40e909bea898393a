"""Types of columns, with values that engines are known to stumble over."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow
from hypothesis import strategies as st
from pyarrow.lib import Table

pa: Any = pyarrow  # which has no types

# Literals of these are the same text on both engines, inside a cast.
_PLAIN = ("BOOLEAN", "INTEGER", "BIGINT", "DOUBLE", "DATE", "TIMESTAMP")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """A type by its name in the lake, as Arrow has it, and what values it takes.

    Attributes:
        edges: Values that each engine writes in the tour.
        transforms: What may partition by it, as both engines name it; `{}` is the name.
    """

    name: str
    arrow: pa.DataType
    edges: tuple[Any, ...]
    values: st.SearchStrategy[Any]
    transforms: tuple[str, ...] = ()

    @property
    def has_literals(self) -> bool:
        """Whether `cast('…' as …)` says its values on either engine."""
        return self.name in _PLAIN


@dataclass(frozen=True)
class Column:
    """A column of a table under test."""

    name: str
    kind: Kind


_TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\0"),
    max_size=6,
)
_INTEGERS = st.integers(-(2**31), 2**31 - 1)
_MOMENTS = st.datetimes()  # of the years 1 to 9999
_EDGES = tuple(
    datetime.fromisoformat(text)
    for text in (
        "0001-01-01",
        "1582-10-10 01:02:03.000004",  # a day that the Julian calendar lacks
        "1969-12-31 23:59:59.999999",
        "1970-01-01",
        "9999-12-31 23:59:59.999999",
    )
)


def _or_null(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


def _decimals(precision: int, scale: int) -> st.SearchStrategy[Any]:
    most = 10**precision - 1
    # Made from a text, as a computed one is rounded to 28 digits.
    return st.integers(-most, most).map(lambda n: Decimal(f"{n}e-{scale}"))


_STRUCT = pa.struct([("a", pa.int32()), ("b c", pa.string())])
ID = Kind("INTEGER", pa.int32(), (), _INTEGERS, ("{}", "bucket(3, {})"))
KINDS = (
    Kind("BOOLEAN", pa.bool_(), (True, False), st.booleans()),
    Kind("INTEGER", pa.int32(), (2**31 - 1, -(2**31), 0), _INTEGERS, ID.transforms),
    Kind(
        "BIGINT",
        pa.int64(),
        (2**63 - 1, -(2**63), -1),
        st.integers(-(2**63), 2**63 - 1),
        ("bucket(3, {})",),
    ),
    Kind(
        "FLOAT",
        pa.float32(),
        (math.nan, math.inf, -math.inf, 1.5, 2.0**-149),
        st.floats(width=32),
    ),
    Kind(
        "DOUBLE",
        pa.float64(),
        (math.nan, math.inf, -math.inf, 0.1, 5e-324, 1.7976931348623157e308),
        st.floats(),
    ),
    Kind(
        "DECIMAL(9,2)",
        pa.decimal128(9, 2),
        (Decimal("9999999.99"), Decimal("-0.01")),
        _decimals(9, 2),
        ("bucket(3, {})",),
    ),
    Kind(
        "DECIMAL(38,10)",
        pa.decimal128(38, 10),
        (Decimal(f"{10**38 - 1}e-10"), Decimal("-1e-10")),
        _decimals(38, 10),
    ),
    Kind(
        "VARCHAR",
        pa.string(),
        ("", "it's", 'a"b', "\\d", "${x}", "é\n\t", "🐧", "null"),
        _TEXTS,
        ("{}", "bucket(3, {})", "truncate(2, {})"),
    ),
    Kind("BLOB", pa.binary(), (b"", b"\x00\xff", b"text"), st.binary(max_size=5)),
    Kind(
        "DATE",
        pa.date32(),
        tuple(one.date() for one in _EDGES),
        st.dates(date(1, 1, 1), date(9999, 12, 31)),
        ("{}", "year({})", "month({})", "day({})"),
    ),
    # By year alone: what DuckDB loses of months and days before 1970 is refused.
    Kind("TIMESTAMP", pa.timestamp("us"), _EDGES, _MOMENTS, ("year({})",)),
    Kind(
        "TIMESTAMP WITH TIME ZONE",
        pa.timestamp("us", tz="UTC"),
        tuple(one.replace(tzinfo=UTC) for one in _EDGES),
        _MOMENTS.map(lambda one: one.replace(tzinfo=UTC)),
        ("year({})",),
    ),
    Kind(
        'STRUCT(a INTEGER, "b c" VARCHAR)',
        _STRUCT,
        ({"a": 1, "b c": "x"}, {"a": None, "b c": None}),
        st.fixed_dictionaries({"a": _or_null(_INTEGERS), "b c": _or_null(_TEXTS)}),
    ),
    Kind(
        "VARCHAR[]",
        pa.list_(pa.string()),
        ([], ["a", None, ""], [None]),
        st.lists(_or_null(_TEXTS), max_size=3),
    ),
    Kind(
        "MAP(VARCHAR, DOUBLE)",
        pa.map_(pa.string(), pa.float64()),
        ([], [("a", 1.0), ("b", None)], [("", math.nan)]),
        st.dictionaries(_TEXTS, _or_null(st.floats()), max_size=2).map(
            lambda one: list(one.items())
        ),
    ),
    Kind(
        'STRUCT(a INTEGER, "b c" VARCHAR)[]',
        pa.list_(_STRUCT),
        ([], [None, {"a": 2, "b c": None}]),
        st.lists(
            _or_null(
                st.fixed_dictionaries(
                    {"a": _or_null(_INTEGERS), "b c": _or_null(_TEXTS)}
                )
            ),
            max_size=2,
        ),
    ),
)


def table_of(columns: Sequence[Column], rows: Sequence[Row]) -> Table:
    """Rows as Arrow has them, for an engine to write."""
    schema = pa.schema([(one.name, one.kind.arrow) for one in columns])
    return Table.from_pylist([dict(row) for row in rows], schema=schema)


def comparable(value: Any) -> Any:
    """A value such that equal ones compare equal: NaN is one, -0 is 0."""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else value + 0.0
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value
    if isinstance(value, dict):
        return {key: comparable(one) for key, one in value.items()}
    if isinstance(value, list):
        parts = [comparable(one) for one in value]
        # A map's items come in any order.
        is_map = bool(parts) and all(isinstance(one, tuple) for one in parts)
        return sorted(parts) if is_map else parts
    if isinstance(value, tuple):
        return tuple(comparable(one) for one in value)
    return value
