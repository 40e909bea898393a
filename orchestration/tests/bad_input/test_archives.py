"""Packed files that are bombs or broken, and Parquet that is not what it says."""

import bz2
import gzip
import io
import lzma
import os
import resource
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.errors import GateError, SetupError
from orchestration.ingestion import counting, kinds, shapes, unpack
from orchestration.tests.bad_input.conftest import Landing
from orchestration.tests.pages import case
from orchestration.tests.unit.ingestion.conftest import Place

COLUMNS = {"id": "bigint", "name": "varchar"}
ROWS = b"id,name\n" + b"".join(b"%d,name %d\n" % (i, i) for i in range(1000))


def named(name: str, outcome: str) -> pytest.MarkDecorator:
    return case("Archives and binary", name, outcome=outcome)


def zstd(data: bytes) -> bytes:
    return bytes(pa.compress(data, codec="zstd", asbytes=True))  # type: ignore[attr-defined]


def zipped(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("rows.csv", data)
    return out.getvalue()


def refusal(place: Place, **options: Any) -> str:
    """Why the source is refused; nothing of it is there, nor a copy left behind."""
    with pytest.raises((GateError, SetupError)) as caught:
        place.load(place.source(COLUMNS, **options))
    assert list((place.settings.project_dir / "spill").glob("unpacked_*")) == []
    tables = place.con.execute("show all tables").fetchall()
    assert [row[2] for row in tables if row[0] == "lake"] == []
    return str(caught.value)


# --- bombs

ZEROS = b"id,name\n" + b"0,0\n" * (1 << 20)  # 4 MiB
DIGITS = b"id,name\n" + b"".join(
    b"%d,%s\n" % (i, os.urandom(9).hex().encode()) for i in range(1 << 17)
)


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ratio counts from 1 MiB on, so that bombs can be small."""
    monkeypatch.setattr(unpack, "_HARMLESS", 1 << 20)


@named("a gzip or zstd bomb: more than 200 times its size", "refused file")
@pytest.mark.parametrize("pack", [gzip.compress, zstd])
@pytest.mark.usefixtures("strict")
def test_a_bomb_is_refused_by_its_ratio(place: Place, pack: Any) -> None:
    place.write(pack(ZEROS), "rows.csv.gz")
    said = refusal(place)
    assert "more than 200 times its size" in said
    assert "max_unpack_ratio" in said


@named("a packed file beyond the cap of bytes (16 GiB, or the spec's)", "refused file")
def test_a_bomb_is_refused_by_its_size(place: Place) -> None:
    place.write(gzip.compress(DIGITS))
    assert "max_unpacked_gib" in refusal(place, max_unpacked_gib=0.0005)


@pytest.mark.parametrize("header", [b"id,name\n", b""])
def test_a_bomb_takes_neither_memory_nor_disk(
    place: Place, monkeypatch: pytest.MonkeyPatch, header: bytes
) -> None:
    written: list[int] = []
    check = unpack.Caps.check

    def watched(self: unpack.Caps, file: Any, size: int) -> None:
        written.append(size)
        check(self, file, size)

    monkeypatch.setattr(unpack.Caps, "check", watched)
    place.write(gzip.compress(header + b"0" * (150 << 20), 1))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "landing/rows.csv" in refusal(place)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    size = (place.landing / "rows.csv").stat().st_size
    assert max(written, default=0) <= max(64 << 20, 200 * size) + (1 << 20)
    assert grown < 64 << 10  # KiB


def test_mutant_without_caps_a_bomb_unfolds(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack.Caps, "check", lambda *_: None)
    place.write(gzip.compress(ZEROS))
    assert place.load(place.source(COLUMNS)).landed == 1 << 20


@named("a file that packs well, within the caps", "accepted")
def test_a_small_file_of_one_repeated_line_is_no_bomb(landing: Landing) -> None:
    data = gzip.compress(b"id,name\n" + b"1,a\n" * (1 << 14))
    assert len(data) * 200 < 4 << 14
    outcome = landing({"columns": COLUMNS}, {"rows.csv.gz": data})
    assert len(outcome.rows) == 1 << 14


@named("no room on the disk to unpack", "refused run: the environment is short of disk")
def test_a_disk_that_is_full(place: Place) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    place.write(gzip.compress(DIGITS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        assert "no room" in refusal(place)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# --- broken packing

PACKED = gzip.compress(ROWS)
TORN = {
    "a truncated gzip": PACKED[:-9],
    "a gzip without its last 8 bytes": PACKED[:-8],
    "a gzip with a wrong checksum": PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:],
    "a gzip with a flipped byte": PACKED[:200] + b"\xff\x00" + PACKED[202:],
    "a gzip followed by something else": PACKED + b"more",
    "a truncated zstd": zstd(ROWS)[:-5],
    "a zstd followed by something else": zstd(ROWS) + b"more",
}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(data, id=name, marks=named(name, "refused file"))
        for name, data in TORN.items()
    ],
)
def test_broken_packing_is_refused(place: Place, data: bytes) -> None:
    place.write(data)
    assert refusal(place).startswith("landing/rows.csv: it cannot be read")


def test_mutant_without_verifying_the_checksum_wrong_bytes_would_land(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gzip._GzipReader._read_eof", lambda reader: reader._fp.read(8))
    place.write(TORN["a gzip with a wrong checksum"])
    assert place.load(place.source(COLUMNS)).landed == 1000


@named("a gzip of several members", "accepted: one file")
def test_several_members_are_one_file(landing: Landing) -> None:
    data = gzip.compress(ROWS) + gzip.compress(b"1000,last\n")
    outcome = landing({"columns": COLUMNS}, {"rows.csv.gz": data})
    assert len(outcome.rows) == 1001


@named("the same rows packed and not, by gzip and zstd", "accepted: landed once")
def test_packing_does_not_make_a_file_new(place: Place) -> None:
    for name, pack in (("a.csv", bytes), ("b.csv.gz", gzip.compress), ("c.zst", zstd)):
        place.write(pack(ROWS), name)
    result = place.load(place.source(COLUMNS))
    assert (result.landed, result.copies) == (1000, 2)


# --- wrong names and wrong kinds


@named("a plain csv called .gz, a gzip called .csv", "accepted: the bytes decide")
@pytest.mark.parametrize(
    ("name", "data"), [("rows.csv.gz", ROWS), ("rows.csv", PACKED), ("x.zst", PACKED)]
)
def test_a_wrong_ending_does_not_matter(place: Place, name: str, data: bytes) -> None:
    place.write(data, name)
    assert place.load(place.source(COLUMNS)).landed == 1000


def parquet_bytes(query: str, options: str = "") -> bytes:
    with duckdb.connect() as con, TemporaryDirectory() as folder:
        file = Path(folder) / "rows.parquet"
        con.execute("set force_mbedtls_unsafe = true")  # any encryption will do
        con.execute("pragma add_parquet_key('k', '0123456789012345')")
        con.execute(f"copy ({query}) to '{file}' (format parquet {options})")
        return file.read_bytes()


TEN = "select i as id, 'n' || i as name from range(10) as r (i)"
WRONG = {
    "a zip": ("csv", zipped(ROWS), "a zip archive"),
    "a zip as Parquet": ("parquet", zipped(ROWS), "a zip archive"),
    "bzip2": ("csv", bz2.compress(ROWS), "bzip2"),
    "xz": ("csv", lzma.compress(ROWS), "xz"),
    "Parquet called .csv": ("csv", parquet_bytes(TEN), "a Parquet file"),
    "Parquet called .json": ("json", parquet_bytes(TEN), "a Parquet file"),
    "Parquet packed again by gzip": (
        "parquet",
        gzip.compress(parquet_bytes(TEN)),
        "packed with gzip",
    ),
    "csv called .parquet": ("parquet", ROWS, "not a readable Parquet file"),
    "an empty file as Parquet": ("parquet", b"", "not a readable Parquet file"),
    "Parquet, encrypted": (
        "parquet",
        parquet_bytes(TEN, ", encryption_config {footer_key: 'k'}"),
        "encrypted",
    ),
}


@pytest.mark.parametrize(
    ("format_", "data", "said"),
    [
        pytest.param(
            *given, id=name, marks=named(name, "refused file: told what it is")
        )
        for name, given in WRONG.items()
    ],
)
def test_another_kind_of_file_is_named(
    place: Place, format_: str, data: bytes, said: str
) -> None:
    place.write(data)
    assert said in refusal(place, format=format_)


def test_mutant_without_a_look_at_its_kind_a_zip_is_read_as_rows(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shapes, "check_kind", lambda *_: None)
    place.write(zipped(b"id,name\n1,a\n"))
    with pytest.raises(GateError) as caught:
        place.load(place.source(COLUMNS))
    assert "zip archive" not in str(caught.value)


def test_text_that_begins_like_an_archive_is_text(place: Place) -> None:
    place.write(b"BZh,PAR1\n1,a\n")
    spec = place.source({"BZh".lower(): "bigint", "par1": "varchar"})
    columns = tuple(
        column.model_copy(update={"source_name": original})
        for column, original in zip(
            spec.tables[0].columns, ("BZh", "PAR1"), strict=True
        )
    )
    table = spec.tables[0].model_copy(update={"columns": columns})
    assert place.load(spec.model_copy(update={"tables": (table,)})).landed == 1
    assert kinds._KINDS


# --- Parquet


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x41]) + data[at + 1 :]


def arrow_bytes(table: "pa.lib.Table", **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **options)  # type: ignore[no-untyped-call]
    return out.getvalue()


def thousand() -> "pa.lib.Table":
    return pa.lib.Table.from_pydict(
        {"id": list(range(1000)), "name": [f"n{i}" for i in range(1000)]}
    )


@named("Parquet with a corrupt or missing footer", "refused file")
@pytest.mark.parametrize("cut", [4, 8, 40, 200])
def test_a_parquet_file_without_its_end(place: Place, cut: int) -> None:
    place.write(arrow_bytes(thousand())[:-cut])
    assert "landing/rows.csv" in refusal(place, format="parquet")


@named("Parquet with a corrupt or missing footer", "refused file")
def test_a_flipped_byte_in_the_footer_never_shows_a_trace(place: Place) -> None:
    data = arrow_bytes(thousand())
    size = int.from_bytes(data[-8:-4], "little")
    good = place.source(COLUMNS, format="parquet", max_reject_share=1)
    for at in range(len(data) - size - 8, len(data), 37):
        place.con.execute("drop schema if exists lake.raw cascade")
        place.write(flipped(data, at))
        try:
            result = place.load(good)
        except GateError:
            continue
        assert result.landed + result.rejected == result.source_rows


@named("Parquet with a flipped byte in a page that has a checksum", "refused file")
@pytest.mark.parametrize("at", [60, 500, 3000, 7000])
def test_a_flipped_byte_is_found_by_its_checksum(place: Place, at: int) -> None:
    data = arrow_bytes(thousand(), write_page_checksum=True, compression="none")
    place.write(flipped(data, at))
    assert "landing/rows.csv" in refusal(place, format="parquet")


def test_a_parquet_file_with_checksums_lands(place: Place) -> None:
    place.write(arrow_bytes(thousand(), write_page_checksum=True))
    assert place.load(place.source(COLUMNS, format="parquet")).landed == 1000


def test_mutant_without_checksums_a_flipped_byte_lands(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "_has_checksums", lambda _: False)
    data = arrow_bytes(thousand(), write_page_checksum=True, compression="none")
    place.write(flipped(data, 500))
    place.load(place.source(COLUMNS, format="parquet", max_reject_share=1))
    assert place.rows("id, name") != [(i, f"n{i}") for i in range(1000)]


@named(
    "Parquet with a flipped byte in a page without one",
    "accepted or refused file: "
    "nothing in the file can tell, unless it no longer decodes",
)
def test_a_flipped_byte_without_a_checksum_keeps_the_account(place: Place) -> None:
    data = arrow_bytes(thousand())
    place.write(flipped(data, 500))
    source = place.source(COLUMNS, format="parquet", max_reject_share=1)
    try:
        result = place.load(source)
    except GateError:
        return
    assert result.landed + result.rejected == 1000


@named("Parquet with another schema", "refused file: names the columns")
def test_parquet_with_other_columns(landing: Landing) -> None:
    data = parquet_bytes("select 1 as id, 'x' as other")
    outcome = landing({"columns": COLUMNS, "format": "parquet"}, {"a.parquet": data})
    assert "unknown column 'other'; missing column 'name'" in outcome.refusal


@named("Parquet with a column of another type", "rejected row where a value is lost")
def test_parquet_with_other_types(place: Place) -> None:
    place.write(
        parquet_bytes("from (values (1.5, 1), (2.0, 2), (3e20, 3)) as t (id, name)")
    )
    place.load(place.source(COLUMNS, format="parquet", max_reject_share=1))
    assert place.rows("id, name") == [(2, "2")]
    assert place.rejects("_row_number, column_name") == [(1, "id"), (3, "id")]


LOSSY = [
    ("double", "9007199254740993::bigint"),
    ("timestamp", "timestamp_ns '2026-01-01 00:00:00.000000001'"),
    ("bigint[]", "[1.5::double]"),
    ("struct(a integer)", "{'a': 5000000000}"),
    ("struct(a integer)", "{'a': 1, 'b': 2}"),
    ("date[]", "[date '10000-01-01']"),
    ("struct(a timestamp)", "{'a': timestamp '294247-01-10 04:00:00'}"),
    ("map(varchar,date)", "map {'a': date '10000-01-01'}"),
]


@named("Parquet with a value that the column would round or cut", "rejected row")
@pytest.mark.parametrize(("type_", "value"), LOSSY)
def test_parquet_values_are_never_rounded(place: Place, type_: str, value: str) -> None:
    place.write(parquet_bytes(f"select {value} as v"))
    source = place.source({"v": type_}, format="parquet", max_reject_share=1)
    assert place.load(source).rejected == 1


@named("Parquet without rows", "accepted: 0 rows, entered once")
def test_parquet_without_rows(landing: Landing) -> None:
    data = parquet_bytes(f"{TEN} limit 0")
    outcome = landing({"columns": COLUMNS, "format": "parquet"}, {"a.parquet": data})
    assert outcome.result is not None
    assert (outcome.result.files, outcome.result.source_rows) == (1, 0)


UNKNOWN = {
    "interval": "interval 3 days",
    "timetz": "timetz '10:00:00+02'",
    "uhugeint": "340282366920938463463374607431768211455::uhugeint",
    "utinyint": "200::utinyint",
    "json": "'{\"a\": 1}'::json",
    "enum": "'a'::enum('a', 'b')",
    "nested": "[{'a': 'it''s', 'b': null}]",
}


@named(
    "Parquet with a column of a type that Iceberg lacks, evolve", "accepted: as text"
)
@pytest.mark.parametrize("name", UNKNOWN)
def test_types_that_iceberg_lacks(place: Place, name: str) -> None:
    place.write(parquet_bytes(f"select 1 as id, 'n' as name, {UNKNOWN[name]} as extra"))
    source = place.source(COLUMNS, format="parquet", schema_policy="evolve")
    assert place.load(source).landed == 1
    [(extra,)] = place.rows("extra")
    assert isinstance(extra, str)
    if name == "nested":
        assert extra == '[{"a":"it\'s","b":null}]'


@named("Parquet of 2,000 row groups", "accepted")
def test_very_many_row_groups(place: Place) -> None:
    table = pa.lib.Table.from_pydict({"id": list(range(2000)), "name": ["n"] * 2000})
    place.write(arrow_bytes(table, row_group_size=1))
    source = place.source(COLUMNS, format="parquet")
    assert place.load(source).landed == 2000
    assert [i for (i,) in place.rows("id")] == list(range(2000))
