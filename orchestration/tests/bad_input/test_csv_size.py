"""CSV that is too large to take apart: refused before it fills the memory."""

import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.errors import GateError
from orchestration.ingestion import doubt, load, records, rejects
from orchestration.tests.bad_input.conftest import Landing
from orchestration.tests.pages import case, promise
from orchestration.tests.unit.ingestion.conftest import Place

TWO = {"columns": {"id": "bigint", "v": "varchar"}}


def csv(name: str, outcome: str) -> pytest.MarkDecorator:
    """A row of the page's section on CSV."""
    return case("CSV and text", name, outcome=outcome)


REFUSED = "refused file: in bounded memory"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(
            b'id,v\n1,"a\n' + b"1,a\n" * 5_000_000,
            "(from line 2 on: field larger",
            marks=csv("unclosed quote at the top of 20 MB", REFUSED),
        ),
        pytest.param(
            b"id,v\n" + b"1,a,b\n" * 300_000,
            "more than 200,000 of its lines",
            marks=csv("300,000 ragged rows", REFUSED),
        ),
        pytest.param(
            b"id,v\n" + b"x,a\n" * 1_000_001,
            "the reason is: id cannot be read as bigint",
            marks=csv("1,000,001 values that do not fit", REFUSED),
        ),
    ],
)
def test_a_file_past_listing_is_refused(
    landing: Landing, data: bytes, words: str
) -> None:
    refusal = landing(TWO, {"rows.csv": data}).refusal
    assert words in refusal
    assert "rows.csv" in refusal


# In a process of its own, whose peak of memory is nobody else's.
_BIG = """
import resource, sys
from pathlib import Path
from orchestration.tests.bad_input.conftest import Landing
quote, unit, megabytes = sys.argv[2:]
landing = Landing(Path(sys.argv[1]))
spec = {"columns": {"id": "bigint", "v": "varchar"}}
landing({**spec, "name": "small"}, {"rows.csv": b"id,v\\n1,a\\n"})
with (landing.folder("big") / "rows.csv").open("wb") as file:
    file.write(b"id,v\\n1," + quote.encode())
    for _ in range(int(megabytes)):
        file.write(unit.encode().decode("unicode_escape").encode() * 100_000)
    file.write(quote.encode() + b"\\n2,b\\n")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(landing({**spec, "name": "big"}).refusal)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
landing.close()
"""
PLAIN, LINES = "x" * 10, r"xxxxxxxxx\n"  # ten bytes each


@pytest.mark.parametrize(
    ("quote", "unit", "megabytes"),
    [
        pytest.param('"', LINES, 20, marks=csv("field of 20 MB", REFUSED)),
        *(
            pytest.param(
                quote,
                unit,
                100,
                marks=[pytest.mark.full, csv("field of 100 MB", REFUSED)],
            )
            for quote, unit in (("", PLAIN), ('"', PLAIN), ('"', LINES))
        ),
    ],
)
@promise("A CSV line holds 2,000,000 bytes")
def test_a_huge_field_is_refused_in_bounded_memory(
    tmp_path: Path, quote: str, unit: str, megabytes: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _BIG, str(tmp_path), quote, unit, str(megabytes)],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    refusal, grown = done.stdout.splitlines()
    assert "too long to land (from line 2 on" in refusal
    assert int(grown) < 1500  # of 100 MB, DuckDB's list of torn lines takes 10,000


def test_mutant_no_close_look(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it DuckDB lists what one open quote tears: every line of the file."""
    monkeypatch.setattr("orchestration.ingestion.extract.look_closely", lambda *_: 0)
    data = b'id,v\n1,"a\n' + b"1,a\n" * 1_000_000
    assert "(from line 2 on" not in landing(TWO, {"rows.csv": data}).refusal


def test_mutant_no_limit_of_torn_lines(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = b"id,v\n" + b"1,a,b\n" * 300
    monkeypatch.setattr(doubt, "_MOST_TORN", 200)
    assert "more than 200 of its lines" in landing(TWO, {"rows.csv": data}).refusal
    monkeypatch.setattr(doubt, "_MOST_TORN", 10**9)
    assert len(landing(TWO, {"rows.csv": data}).rejects) == 300


def test_mutant_no_limit_of_misfits(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = b"id,v\n" + b"x,a\n" * 300
    monkeypatch.setattr(rejects, "_MOST_MISFITS", 200)
    assert "of 300 here the reason is" in landing(TWO, {"rows.csv": data}).refusal
    monkeypatch.setattr(rejects, "_MOST_MISFITS", 10**9)
    assert len(landing(TWO, {"rows.csv": data}).rejects) == 300


def test_mutant_a_field_of_any_length(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another cap refuses another length: it is the cap that does."""
    data = b"id,v\n1," + b"x" * 5000 + b"\n2,b,c\n"
    assert landing(TWO, {"rows.csv": data}).reasons == [(2, 3, None)]
    monkeypatch.setattr(records, "_LONGEST_FIELD", 1000)
    assert "field larger" in landing(TWO, {"rows.csv": data}).refusal


# Wherever a core begins to read, it is within a value that looks like rows.
INNER = "".join(f"{number},look\n" for number in range(400))
ROWS_WITHIN = b"id,v\n" + f'7,"{INNER}"\n'.encode() * 6000


@csv("values of many lines that look like rows, 20 MB", "accepted: as they are")
@pytest.mark.parametrize("last", [b"", b"8,b,torn\nx,misfit\n"])
def test_rows_within_values_are_none(place: Place, last: bytes) -> None:
    place.write(ROWS_WITHIN + last)
    result = place.load(place.source(TWO["columns"], max_reject_share=1))
    assert (result.landed, result.rejected) == (6000, 2 if last else 0)
    assert place.rows("distinct id, v") == [(7, INNER)]
    if last:
        lines = place.rejects("line_number")
        assert lines == [(2 + 6000 * 401,), (3 + 6000 * 401,)]


def test_mutant_no_second_reading_by_one_core(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "_differ", lambda *_: False)
    place.con.execute("set threads = 4")
    place.write(ROWS_WITHIN)
    with pytest.raises(GateError, match="do not add up"):
        place.load(place.source(TWO["columns"]))
