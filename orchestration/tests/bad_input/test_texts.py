"""Text that a program might read, run, fold or drop: it lands as it was written."""

import csv
import io
import json

import pytest

from orchestration.tests.bad_input.conftest import Landing, Outcome
from orchestration.tests.pages import case

TEXTS = {
    "emoji, and others of 4 bytes in UTF-8": [
        *("\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0010fffd"),
        *("\U0001f1e9\U0001f1ea", "\U00020000", "\U0001d53d"),
    ],
    "right-to-left text, and marks that turn it around": [
        *("\u0645\u0631\u062d\u0628\u0627", "\u05e9\u05dc\u05d5\u05dd 1,2"),
        *("\u202egnp.exe", "\u2066a\u2069", "a\u200fb"),
    ],
    "combining marks, composed or not": [
        "\u00e9",
        "e\u0301",
        "\ufb01",
        "a" + "\u0301" * 99,
    ],
    "zero-width and other unseen characters": [
        *("a\u200bb", "\u200b", "a\u00adb", "\ufeffa", "a\ufeff", "\u2060"),
    ],
    "blanks of other kinds at the ends": ["\u00a0a\u00a0", "\u3000", " \u2003", "\t"],
    "line ends of Unicode, and control characters": [
        *(
            "a\u2028b",
            "a\u2029b",
            "a\u0085b",
            "a\x0bb",
            "a\x0cb",
            "\x1b[31mred",
            "\x1a",
        ),
    ],
    "noncharacters, private and unassigned characters": [
        *("\ufffe", "\uffff", "\ue000", "\U0010ffff", "\ufffd", "\u0378"),
    ],
    "SQL in a value": [
        *(
            "'; drop table x; --",
            "' or 1=1 --",
            '"',
            "''",
            "$$",
            "/* */",
            "\\'",
            "%s ?",
        ),
    ],
    "Jinja, a shell or a format in a value": [
        *("{{ env_var('HOME') }}", "{% raw %}", "{# #}", "$(id)", "`id`", "${HOME}"),
        *("{0.__class__}", "%(a)s", "!!python/object", "<script>alert(1)</script>"),
    ],
    "words for nothing (NULL, NaN, None, N/A)": [
        *("NULL", "null", "None", "NaN", "N/A", "\\N", "-", "undefined"),
    ],
}
ALL = [text for texts in TEXTS.values() for text in texts]
SPEC = {"columns": {"id": "bigint", "v": "varchar"}}


@pytest.fixture(scope="module", params=["csv", "jsonl"])
def landed(landing: Landing, request: pytest.FixtureRequest) -> Outcome:
    """All texts as one file of each format."""
    text = io.StringIO()
    if request.param == "csv":
        rows = [("id", "v"), *enumerate(ALL)]
        csv.writer(text, lineterminator="\n").writerows(rows)
    else:
        for number, value in enumerate(ALL):
            text.write(json.dumps({"id": number, "v": value}) + "\n")
    spec = {**SPEC, "format": request.param}
    return landing(spec, {f"rows.{request.param}": text.getvalue().encode()})


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(
            texts, id=name, marks=case("Values", name, outcome="accepted: as written")
        )
        for name, texts in TEXTS.items()
    ],
)
def test_a_text_lands_as_it_was_written(landed: Outcome, texts: list[str]) -> None:
    assert landed.error is None
    assert landed.rejects == []
    found = {row["id"]: row["v"] for row in landed.rows}
    for text in texts:
        value = found[ALL.index(text)]
        assert (value, value.encode()) == (text, text.encode())


@case("Values", "hostile text in a rejected row", outcome="rejected row: text as it is")
def test_a_rejected_row_keeps_its_text(landing: Landing) -> None:
    cells = [text for text in ALL if not set(text) & set('",\r\n')]
    data = "".join(f"{cell},x{cell}\n" for cell in cells)
    outcome = landing(SPEC, {"rows.csv": f"id,v\n{data}".encode()})
    assert outcome.rows == []
    found = [(reject.line, reject.text) for reject in outcome.rejects]
    assert found == [(n, f"{cell},x{cell}") for n, cell in enumerate(cells, start=2)]


EMPTY = b'id,v\n1,\n2,""\n3," "\n4,\\N\n5,NULL\n'


@case("Values", "empty text", outcome="accepted: NULL, quoted or not")
def test_an_empty_text_is_null(landing: Landing) -> None:
    outcome = landing(SPEC, {"rows.csv": EMPTY})
    assert outcome.values("v") == [None, None, " ", "\\N", "NULL"]


@case(
    "Values",
    "empty text that is no NULL",
    outcome='accepted: "" where `csv.null_strings` names another text',
)
def test_an_empty_text_can_stay_one(landing: Landing) -> None:
    spec = {**SPEC, "csv": {"null_strings": ["\\N", "NULL"]}}
    outcome = landing(spec, {"rows.csv": EMPTY})
    assert outcome.values("v") == ["", "", " ", None, None]


@case("Values", "empty text and null in JSON", outcome="accepted: two things")
def test_json_tells_an_empty_text_from_null(landing: Landing) -> None:
    data = b'{"id":1,"v":""}\n{"id":2,"v":null}\n{"id":3}\n{"id":4,"v":"null"}\n'
    outcome = landing({**SPEC, "format": "jsonl"}, {"rows.jsonl": data})
    assert outcome.values("v") == ["", None, None, "null"]


@case(
    "Values",
    "no value in a key or a required column",
    outcome="rejected row: has no value",
)
def test_a_key_has_a_value(landing: Landing) -> None:
    spec = {**SPEC, "primary_key": ["id"]}
    outcome = landing(spec, {"rows.csv": b'id,v\n1,a\n,b\n"",c\n0,d\n'})
    assert outcome.values("id") == [1, 0]
    assert [(r.line, r.reason) for r in outcome.rejects] == [
        (3, "id has no value"),
        (4, "id has no value"),
    ]
