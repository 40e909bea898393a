"""CSV whose bytes, quotes and line ends are not what they should be."""

import csv as python_csv
import io
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as configured
from hypothesis import strategies as st

from orchestration.ingestion import headers, load
from orchestration.tests.bad_input.conftest import Landing
from orchestration.tests.pages import case
from orchestration.tests.unit.ingestion.conftest import Place, place

__all__ = ["place"]  # a fixture
TWO = {"columns": {"id": "bigint", "v": "varchar"}}


def csv(name: str, outcome: str) -> pytest.MarkDecorator:
    """A row of the page's section on CSV."""
    return case("CSV and text", name, outcome=outcome)


def encoded(encoding: str) -> dict[str, Any]:
    """The spec of two columns, and how its files are encoded."""
    return {**TWO, "csv": {"encoding": encoding}}


TEXT = "id,v\n1,a\n2,é\n"
LANDS = [
    pytest.param(
        TWO,
        b"\xef\xbb\xbf" + TEXT.encode(),
        marks=csv("UTF-8 with a byte order mark", "accepted: without the mark"),
    ),
    pytest.param(
        encoded("utf-16"),
        TEXT.encode("utf-16"),
        marks=csv("UTF-16, declared", "accepted"),
    ),
    pytest.param(
        encoded("latin-1"),
        TEXT.encode("latin-1"),
        marks=csv("Latin-1, declared", "accepted"),
    ),
    pytest.param(
        TWO,
        TEXT.replace("\n", "\r\n").encode(),
        marks=csv("line ends CRLF", "accepted"),
    ),
    pytest.param(
        TWO, TEXT.replace("\n", "\r").encode(), marks=csv("line ends CR", "accepted")
    ),
]


@pytest.mark.parametrize(("spec", "data"), LANDS)
def test_declared_text_lands(
    landing: Landing, spec: dict[str, Any], data: bytes
) -> None:
    outcome = landing(spec, {"rows.csv": data})
    assert (outcome.values("id"), outcome.values("v")) == ([1, 2], ["a", "é"])


REFUSED = [
    pytest.param(
        TWO,
        TEXT.encode("utf-16"),
        "it is UTF-16, and `csv.encoding` is utf-8",
        marks=csv("UTF-16 declared as UTF-8", "refused file: says what it is"),
    ),
    pytest.param(
        TWO,
        TEXT.encode("utf-16-le"),
        "its header holds NUL bytes",
        marks=csv("UTF-16 declared as UTF-8", "refused file: says what it is"),
    ),
    pytest.param(
        encoded("utf-16"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        "no little-endian UTF-16",
        marks=csv(
            "UTF-16, big-endian", "refused file: DuckDB reads little-endian only"
        ),
    ),
    pytest.param(
        encoded("utf-16"),
        TEXT.encode(),
        "no little-endian UTF-16",
        marks=csv("UTF-8 declared as UTF-16", "refused file: says so"),
    ),
    pytest.param(
        TWO,
        "id,é\n1,a\n".encode("latin-1"),
        "unknown column '\\\\xe9'",
        marks=csv(
            "Latin-1 declared as UTF-8, in the header", "refused file: shows the byte"
        ),
    ),
    pytest.param(
        TWO,
        b"id,v\n1,a\r\n2,b\n",
        "lines end in LF, line 2 in CRLF",
        marks=csv("mixed line ends", "refused file: names the line"),
    ),
    pytest.param(
        TWO,
        b"id,v\r\n1,a\r\n2,b\n3,c\r\n",
        "lines end in CRLF, line 3 in LF",
        marks=csv("mixed line ends", "refused file: names the line"),
    ),
    pytest.param(
        TWO,
        b"id,v\n1,a\r2,b\n",
        "lines end in LF, line 2 in CR",
        marks=csv("mixed line ends", "refused file: names the line"),
    ),
    pytest.param(
        TWO,
        b'id,v\n1,a\n2,"b\n3,c\n',
        "never closes (from line 3 to the end)",
        marks=csv("unclosed quote", "refused file: names the line"),
    ),
]


@pytest.mark.parametrize(("spec", "data", "words"), REFUSED)
def test_a_file_that_is_no_such_text_is_refused(
    landing: Landing, spec: dict[str, Any], data: bytes, words: str
) -> None:
    refusal = landing(spec, {"rows.csv": data}).refusal
    assert words in refusal
    assert "rows.csv" in refusal


TORN = [
    pytest.param(
        b"2,b\xffc",
        "INVALID ENCODING",
        "2,b\\xffc",
        marks=csv(
            "one invalid UTF-8 byte", "rejected row: INVALID ENCODING, the byte shown"
        ),
    ),
    pytest.param(
        "2,é".encode("latin-1"),
        "INVALID ENCODING",
        "2,\\xe9",
        marks=csv(
            "Latin-1 declared as UTF-8",
            "rejected row: INVALID ENCODING, the byte shown",
        ),
    ),
    pytest.param(
        b"2,\xed\xa0\x80",
        "INVALID ENCODING",
        "2,\\xed\\xa0\\x80",
        marks=csv("lone surrogate, as UTF-8", "rejected row: INVALID ENCODING"),
    ),
    pytest.param(
        b"2,b\0c",
        "v holds a NUL byte",
        "2,b\0c",
        marks=csv("NUL byte", "rejected row: holds a NUL byte"),
    ),
    pytest.param(
        b'2,"b\0c"',
        "v holds a NUL byte",
        '2,"b\0c"',
        marks=csv("NUL byte", "rejected row: holds a NUL byte"),
    ),
    pytest.param(
        b'2,"a"b',
        "UNQUOTED VALUE",
        '2,"a"b',
        marks=csv("text after a closing quote", "rejected row: UNQUOTED VALUE"),
    ),
    pytest.param(
        b"2," + b"x" * 3_000_000,
        "Maximum line size",
        "2,xxx",
        marks=csv(
            "line of 3 MB", "rejected row: over 2,000,000 bytes; 4,000 characters kept"
        ),
    ),
]


@pytest.mark.parametrize(("line", "reason", "text"), TORN)
def test_a_torn_line_is_rejected_alone(
    landing: Landing, line: bytes, reason: str, text: str
) -> None:
    outcome = landing(TWO, {"rows.csv": b"id,v\n1,a\n" + line + b"\n3,c\n"})
    assert outcome.values("id") == [1, 3]
    [reject] = outcome.rejects
    assert (reject.row, reject.line) == (2, 3)
    assert reason in reject.reason
    assert reject.text.startswith(text)
    assert len(reject.text) <= 4000


@csv("unclosed quote on the last line", "rejected row: UNQUOTED VALUE")
def test_a_quote_that_does_not_close_on_the_last_line(landing: Landing) -> None:
    outcome = landing(TWO, {"rows.csv": b'id,v\n1,a\n2,"b'})
    assert outcome.values("id") == [1]
    assert outcome.reasons == [(2, 3, "v")]


KEPT = {
    "newline inside quotes": ['"a\nb"', '"a\r\nb"', '"a\rb"'],
    "quote in the middle of a bare value": ['5" pipe', 'a"b"c'],
    "doubled quotes": ['"a""b"', '""""'],
    "spaces around a text": [" a ", '" a "', "\ta", "\u00a0a"],
}


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param(cells, marks=csv(name, "accepted: as it is written"))
        for name, cells in KEPT.items()
    ],
)
def test_a_value_is_kept_as_it_is_written(landing: Landing, cells: list[str]) -> None:
    data = "id,v\n" + "".join(f"{n},{cell}\n" for n, cell in enumerate(cells))
    outcome = landing(TWO, {"rows.csv": data.encode()})
    plain = [
        cell[1:-1].replace('""', '"') if cell.startswith('"') else cell
        for cell in cells
    ]
    assert outcome.values("v") == plain


@csv("blanks around a quoted value", "accepted: they are left out")
@csv("two quoted texts with blanks between", "accepted: joined, blanks included")
def test_blanks_beside_quotes_are_as_duckdb_reads_them(landing: Landing) -> None:
    outcome = landing(TWO, {"rows.csv": b'id,v\n1, "c" \n2,"a"  "b"\n'})
    assert outcome.values("v") == ["c", "a  b"]


@csv("Latin-1 declared, Windows-1252 in truth (€)", "refused file: shows the byte")
def test_windows_1252_is_not_latin_1(landing: Landing) -> None:
    refusal = landing(encoded("latin-1"), {"rows.csv": b"id,v\n1,\x80\n"}).refusal
    assert "rows.csv" in refusal
    assert "latin-1" in refusal


@csv("Latin-1 declared, UTF-8 in truth", "accepted: two letters for one")
def test_latin_1_takes_any_byte(landing: Landing) -> None:
    outcome = landing(encoded("latin-1"), {"rows.csv": "id,v\n1,é\n".encode()})
    assert outcome.values("v") == ["Ã©"]


ANY_TEXT = st.text(
    alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20
)


@csv("any text but NUL that Python's csv module writes", "accepted: identical")
@configured(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=60,
)
@given(
    rows=st.lists(st.tuples(ANY_TEXT, ANY_TEXT), min_size=1, max_size=20),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([python_csv.QUOTE_ALL, python_csv.QUOTE_NONNUMERIC]),
)
def test_any_text_lands_identical(
    place: Place,
    rows: list[tuple[str, str]],
    end: str,
    quoting: Any,
) -> None:
    place.con.execute("drop schema if exists lake.raw cascade")
    text = io.StringIO(newline="")
    writer = python_csv.writer(text, quoting=quoting, lineterminator=end)
    writer.writerows([("a", "b"), *rows])
    place.write(text.getvalue().encode())
    source = place.source(
        {"a": "varchar", "b": "varchar"}, csv={"null_strings": ["\\N"]}
    )
    result = place.load(source)
    assert (result.source_rows, result.rejected) == (len(rows), 0)
    assert place.rows("a, b") == rows


def test_mutant_nul_lands(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "_with_nul", lambda _: [])
    outcome = landing(TWO, {"rows.csv": b"id,v\n1,b\0c\n"})
    assert outcome.values("v") == ["b\0c"]


def test_mutant_utf_16_is_not_told(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(headers, "_check_mark", lambda *_: None)
    refusal = landing(TWO, {"rows.csv": TEXT.encode("utf-16")}).refusal
    assert "it is UTF-16" not in refusal
