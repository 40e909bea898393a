"""The count of rows by bytes agrees with Python's CSV parser; a walk finds each one."""

import csv
import gzip
import hashlib
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as configured
from hypothesis import strategies as st

from orchestration.ingestion import records
from orchestration.ingestion.files import SourceFile
from orchestration.ingestion.records import Dialect, scan_bytes, scan_text, walk


def source_file(path: Path, data: bytes) -> SourceFile:
    path.write_bytes(data)
    stat = path.stat()
    return SourceFile(
        path=path, shown=path.name, size=stat.st_size, modified_ns=stat.st_mtime_ns
    )


CELLS = st.text(alphabet='ab"\n\r, é', max_size=6)


@configured(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=st.lists(st.lists(CELLS, min_size=2, max_size=3), max_size=12),
    line_end=st.sampled_from(["\n", "\r\n"]),
    chunk=st.integers(1, 9),
    ended=st.booleans(),
    header=st.booleans(),
)
def test_both_counts_find_the_rows_that_were_written(
    tmp_path: Path,
    *,
    rows: list[list[str]],
    line_end: str,
    chunk: int,
    ended: bool,
    header: bool,
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows(rows)
    written = text.getvalue()
    if not ended:
        written = written.removesuffix(line_end)
    file = source_file(tmp_path / "rows.csv", written.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "_CHUNK", chunk)  # every seam between chunks
        scanned = scan_text(file, Dialect(header=header))
    expected = max(len(rows) - header, 0)
    assert scanned.rows == expected
    assert scanned.sha256 == hashlib.sha256(written.encode()).hexdigest()
    assert sum(r.row > 0 for r in walk(file, Dialect(header=header))) == expected


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"", 0),
        (b"a,b", 0),
        (b"a,b\n", 0),
        (b"a,b\n1,2", 1),
        (b"a,b\n\n1,2\n\n\n3,4\n\n", 2),
        (b"a,b\r\n\r\n1,2\r\n\r\n", 1),
        (b"a,b\r1,2\r\r3,4", 2),
        (b"\n\na,b\n1,2\n", 1),
        (b'a,b\n"x\n\ny",2\n', 1),
        (b'a,b\n"x""\n""y",2\n', 1),
    ],
)
def test_blank_lines_and_quoted_line_ends_are_no_rows(
    tmp_path: Path, data: bytes, rows: int
) -> None:
    file = source_file(tmp_path / "rows.csv", data)
    assert scan_text(file, Dialect()).rows == rows
    assert sum(record.row > 0 for record in walk(file, Dialect())) == rows


def test_a_blank_line_is_a_row_of_a_single_column(tmp_path: Path) -> None:
    file = source_file(tmp_path / "rows.csv", b"a\nx\n\ny\n")
    dialect = Dialect(blank_is_row=True)
    assert scan_text(file, dialect).rows == 3
    assert [r.row for r in walk(file, dialect)] == [0, 1, 2, 3]


def test_a_quote_within_a_bare_value_is_a_letter_to_the_walk(tmp_path: Path) -> None:
    file = source_file(tmp_path / "rows.csv", b'a,b\n5" pipe,1\n6" pipe,2\n7,3\n')
    assert [r.row for r in walk(file, Dialect())] == [0, 1, 2, 3]


def test_a_walk_knows_lines_and_text(tmp_path: Path) -> None:
    data = b'a,b\n\n"x\ny",1\n\xff,2\n'
    found = list(walk(source_file(tmp_path / "rows.csv", data), Dialect()))
    assert [(r.index, r.row, r.line, r.lines) for r in found] == [
        (1, 0, 1, 1),
        (2, 0, 2, 1),
        (3, 1, 3, 2),
        (4, 2, 5, 1),
    ]
    assert found[2].text == '"x\ny",1\n'
    assert found[3].text == "\\xff,2\n"
    assert [r.is_last for r in found] == [False, False, False, True]


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_other_encodings_are_counted_by_their_characters(
    tmp_path: Path, encoding: str
) -> None:
    text = 'a,b\n"é\n",1\nü,2\n'
    file = source_file(tmp_path / "rows.csv", text.encode(encoding))
    dialect = Dialect(encoding=encoding)
    assert scan_text(file, dialect).rows == 2
    assert sum(r.row > 0 for r in walk(file, dialect)) == 2


def test_the_hash_is_that_of_the_content_however_it_is_packed(tmp_path: Path) -> None:
    plain = source_file(tmp_path / "rows.csv", b"a,b\n1,2\n")
    packed = source_file(tmp_path / "other.bin", gzip.compress(b"a,b\n1,2\n"))
    assert packed.compression == "gzip"
    assert scan_text(plain, Dialect()) == scan_text(packed, Dialect())
    assert scan_bytes(plain) == scan_bytes(packed)
