"""Values at the edge of what a type can hold: exact in the lake, or a reject."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.ingestion import casts, exact
from orchestration.tests.bad_input.conftest import Landing, Outcome
from orchestration.tests.bad_input.moment_groups import DAY, MOMENTS
from orchestration.tests.bad_input.value_groups import NO, NUMBERS, Group
from orchestration.tests.pages import case, promise
from orchestration.tests.unit.ingestion.conftest import Place

GROUPS = [*MOMENTS, *NUMBERS]
TYPES = {
    f"c{n}": type_ for n, type_ in enumerate(dict.fromkeys(g.type for g in GROUPS))
}
COLUMNS = {type_: column for column, type_ in TYPES.items()}
CELLS = [(group.type, text) for group in GROUPS for text in group.values]


@pytest.fixture(scope="module")
def landed(landing: Landing) -> Outcome:
    """All texts as one file: each on a line of its own, in the column of its type."""
    text = io.StringIO()
    writer = csv.DictWriter(text, ["n", *TYPES], restval="", lineterminator="\n")
    writer.writeheader()
    for number, (type_, cell) in enumerate(CELLS):
        writer.writerow({"n": number, COLUMNS[type_]: cell})
    spec = {"columns": {"n": "bigint", **TYPES}}
    return landing(spec, {"rows.csv": text.getvalue().encode()})


@pytest.mark.parametrize(
    "group",
    [
        pytest.param(
            group,
            id=f"{group.name} ({group.type})",
            marks=case("Values", group.name, outcome=group.outcome),
        )
        for group in GROUPS
    ],
)
@promise("Text that a type cannot hold exactly is a rejected row")
def test_a_value_lands_exactly_or_is_rejected(landed: Outcome, group: Group) -> None:
    column = COLUMNS[group.type]
    rows = {row["n"]: row for row in landed.rows}
    rejects = {reject.row - 1: reject for reject in landed.rejects}
    for text, expected in group.values.items():
        number = CELLS.index((group.type, text))
        if expected is NO:
            assert number in rejects, f"{text} landed as {rows[number][column]!r}"
            reject = rejects[number]
            assert (reject.line, reject.column) == (number + 2, column)
            assert reject.reason == f"{column} cannot be read as {group.type}"
            assert text in reject.text
        else:
            assert number in rows, f"{text} is a reject"
            found = rows[number][column]
            # By their texts: 0.0 equals -0.0, and NaN nothing.
            assert (type(found), str(found)) == (type(expected), str(expected))


def parquet(**columns: pa.lib.Array) -> bytes:
    """A Parquet file; `id` numbers the rows from 1."""
    ids = pa.lib.array(range(1, len(next(iter(columns.values()))) + 1))
    buffer = io.BytesIO()
    table = pa.lib.table({"id": ids, **columns})
    pq.write_table(table, buffer)  # type: ignore[no-untyped-call]
    return buffer.getvalue()


def stored(type_: pa.lib.DataType, *numbers: int) -> pa.lib.Array:
    """Values that Python's own types cannot hold, by what is stored of them."""
    width = pa.lib.int32() if type_ == pa.lib.date32() else pa.lib.int64()
    return pa.lib.array(numbers, width).cast(type_)


YEAR_1, YEAR_10000 = -719_162, 2_932_897  # days from 1970 to their first
SECOND = 1_000_000_000
TYPED: list[tuple[str, str, str, pa.lib.Array, list[Any]]] = [
    (
        "Parquet: date out of the years 1 to 9999",
        "rejected row: cannot be read as date",
        "date",
        stored(pa.lib.date32(), YEAR_1 - 1, YEAR_1, YEAR_10000 - 1, YEAR_10000),
        [NO, date(1, 1, 1), date(9999, 12, 31), NO],
    ),
    (
        "Parquet: nanoseconds that microseconds cannot hold",
        "rejected row: cannot be read as timestamp",
        "timestamp",
        stored(pa.lib.timestamp("ns"), SECOND + 1000, SECOND + 1),
        [datetime(1970, 1, 1, 0, 0, 1, 1), NO],  # noqa: DTZ001
    ),
    (
        "Parquet: moments with a time zone",
        "accepted: the same moment in UTC",
        "timestamp with time zone",
        stored(pa.lib.timestamp("us", "Asia/Kolkata"), SECOND // 1000),
        [datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)],
    ),
    (
        "Parquet: decimal with more digits than the spec's scale",
        "rejected row: cannot be read as decimal(12,2)",
        "decimal(12,2)",
        pa.lib.array([Decimal("1.500"), Decimal("1.005")]),
        [Decimal("1.50"), NO],
    ),
    (
        "Parquet: unsigned integer beyond 63 bits",
        "rejected row: cannot be read as bigint",
        "bigint",
        pa.lib.array([2**63 - 1, 2**63], pa.lib.uint64()),
        [2**63 - 1, NO],
    ),
    (
        "Parquet: negative zero",
        "accepted: 0, without its sign",
        "double",
        pa.lib.array([-0.0, 0.0]),
        [0.0, 0.0],
    ),
    (
        "Parquet: whole decimal that a float would round",
        "rejected row: cannot be read as double",
        "double",
        pa.lib.array([Decimal(2**53 + 1), Decimal(2**53)], pa.lib.decimal128(20, 0)),
        [NO, float(2**53)],
    ),
    (
        "Parquet: bytes that no writer called text",
        "accepted: as UTF-8; rejected row where they are none",
        "varchar",
        pa.lib.array(["é\\".encode(), b"\xff"], pa.lib.binary()),
        ["é\\", NO],
    ),
    (
        "Parquet: map that has a key twice",
        "rejected row: nobody could read it again",
        "MAP(VARCHAR, BIGINT)",
        pa.lib.array(
            [[("a", 1), ("b", 2)], [("a", 1), ("a", 2)], None],
            pa.lib.map_(pa.lib.string(), pa.lib.int64()),
        ),
        [{"a": 1, "b": 2}, NO, None],
    ),
    (
        "Parquet: NaN and infinity in a float",
        "accepted",
        "double",
        pa.lib.array([float("nan"), -float("inf")]),
        [float("nan"), -float("inf")],
    ),
]


@pytest.mark.parametrize(
    ("type_", "array", "expected"),
    [
        pytest.param(type_, array, expected, marks=case("Values", name, outcome=seen))
        for name, seen, type_, array, expected in TYPED
    ],
)
@promise("Text that a type cannot hold exactly is a rejected row")
def test_a_typed_value_lands_exactly_or_is_rejected(
    landing: Landing, type_: str, array: pa.lib.Array, expected: list[Any]
) -> None:
    spec = {"columns": {"id": "bigint", "v": type_}, "format": "parquet"}
    outcome = landing(spec, {"rows.parquet": parquet(v=array)})
    assert outcome.error is None
    found = {row["id"]: str(row["v"]) for row in outcome.rows}
    assert found == {
        number: str(value)
        for number, value in enumerate(expected, 1)
        if value is not NO
    }
    for reject in outcome.rejects:
        assert reject.reason == f"v cannot be read as {type_}"


FORMATTED = [
    ("date", "%d.%m.%Y", "1.2.2026", date(2026, 2, 1)),
    ("date", "%d.%m.%Y", "01.02.26", None),
    ("date", "%d.%m.%Y", "01.02.0026", date(26, 2, 1)),
    ("date", "%d.%m.%y", "01.02.26", date(2026, 2, 1)),
    ("date", "%d.%m.%Y %H:%M", "01.02.2026 00:00", date(2026, 2, 1)),
    ("date", "%d.%m.%Y %H:%M", "01.02.2026 10:30", None),
    ("timestamp", "%Y%m%d %H%M", "20260102 0304", datetime(2026, 1, 2, 3, 4)),  # noqa: DTZ001
    ("timestamp", "%d.%m.%Y %H:%M", "01.02.26 10:30", None),
    ("timestamp", "%Y%m%d %S.%n", "20260102 00.000000000", DAY),
    ("timestamp", "%Y%m%d %S.%n", "20260102 00.000000001", None),
]


@case(
    "Values",
    "date or timestamp in a format of the spec",
    outcome="accepted; rejected row where the year has two digits for `%Y`, a date a "
    "time of day, or a timestamp nanoseconds",
)
@pytest.mark.parametrize(("type_", "format_", "text", "value"), FORMATTED)
def test_a_format_loses_nothing(
    place: Place, type_: str, format_: str, text: str, value: object
) -> None:
    options = {f"{type_}_format": format_}
    assert lands(place, type_, text, csv=options) == value


def lands(place: Place, type_: str, text: str, **spec: Any) -> object:
    """What one text of CSV lands as; None where it is a reject."""
    place.write(f"v\n{text}\n".encode())
    place.load(place.source({"v": type_}, max_reject_share=1.0, **spec))
    found = place.rows("v")
    return found[0][0] if found else None


def test_mutant_a_cast_that_rounds(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact, "lost", lambda *_: None)
    assert lands(place, "decimal(12,2)", "1.005") == Decimal("1.01")


def test_mutant_a_float_that_rounds(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(casts, "_rounds", lambda *_: "false")
    assert lands(place, "double", str(2**53 + 1)) == 2.0**53


def test_mutant_a_year_that_few_can_read(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(casts, "_in_range", lambda _type, _value, misfit: misfit)
    assert lands(place, "date", "0000-01-01") is not None


def test_mutant_a_zone_by_name(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """With it, the hour that is there twice would be one of two, nobody says which."""
    monkeypatch.setattr(
        exact, "_zoned", lambda text: f"try_cast({text} as timestamptz)"
    )
    text = "2026-10-25 02:30:00 Europe/Berlin"
    assert lands(place, "timestamp with time zone", text) is not None


def test_mutant_a_zero_with_a_sign(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact, "unsigned_zero", lambda number: number)
    spec = {"columns": {"v": "double"}}
    outcome = landing(spec, {"rows.csv": b"v\n-0.0\n0.0\n"})
    assert list(map(str, outcome.values("v"))) != ["0.0", "0.0"]
