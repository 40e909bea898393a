"""Names that are hard to quote, or no text."""

import os
from pathlib import Path

import pytest

from orchestration.errors import GateError
from orchestration.tests.bad_input.conftest import Landing
from orchestration.tests.bad_input.small_files import COLUMNS, ROW, csv, named
from orchestration.tests.unit.ingestion.conftest import Place

NAMES = {
    "a newline": "new\nline.csv",
    "255 bytes": "x" * 251 + ".csv",
    "glob characters": "a*[b]?{c}.csv",
    "quotes": 'it\'s "quoted".csv',
    "a backslash": "back\\slash.csv",
    "what looks like a partition": "day=2026-01-01.csv",
    "right-to-left text and emoji": "שלום 🎉.csv",
    "a leading dash": "-rf.csv",
    "control characters": "bell\x07\x1b[31m.csv",
    "a percent sign, a colon, a dollar": "100%:file:${HOME}.csv",
}


@named(
    "a name with a newline, quotes, glob characters, 255 bytes", "accepted: as it is"
)
def test_every_name_that_is_text_lands(landing: Landing) -> None:
    given = {name: csv(i) for i, name in enumerate(NAMES.values())}
    outcome = landing({"columns": COLUMNS}, given)
    found = {row["_source_file"].rpartition("/")[2]: row["id"] for row in outcome.rows}
    assert found == {name: i for i, name in enumerate(NAMES.values())}
    assert len(outcome.rows) == len(NAMES)


@named(
    "a name with a newline, quotes, glob characters, 255 bytes", "accepted: as it is"
)
@pytest.mark.parametrize("format_", ["json", "jsonl", "parquet"])
def test_odd_names_in_other_formats(place: Place, format_: str) -> None:
    for number, name in enumerate(NAMES.values()):
        if format_ == "parquet":
            place.con.execute(
                "create or replace temp table r as select ? as id", [number]
            )
            plain = place.landing / ".tmp"
            place.con.execute(f"copy r to '{plain}' (format parquet)")
            plain.rename(place.landing / name)
        else:
            place.write(b'{"id": %d}' % number, name)
    source = place.source({"id": "bigint"}, format=format_)
    assert place.load(source).landed == len(NAMES)


@named("a name that is no UTF-8", "refused file: named in escapes")
def test_a_name_that_is_no_text_is_refused(place: Place) -> None:
    path = os.fsencode(place.landing) + b"/caf\xe9.csv"
    Path(os.fsdecode(path)).write_bytes(ROW)
    with pytest.raises(GateError, match=r"caf\\udce9.csv.*no UTF-8"):
        place.load(place.source(COLUMNS))


def test_a_message_shows_no_control_characters(landing: Landing) -> None:
    outcome = landing({"columns": COLUMNS}, {"bad\x1b[31m\n.csv": b"x\n"})
    assert "\x1b" not in outcome.refusal
