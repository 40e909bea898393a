"""Packed files that are bombs, broken, or of another kind than they say."""

import bz2
import gzip
import io
import lzma
import os
import resource
import zipfile
from typing import Any

import pyarrow as pa
import pytest

from orchestration.errors import GateError
from orchestration.ingestion import kinds, shapes, unpack
from orchestration.tests.bad_input.binary_files import (
    COLUMNS,
    TEN,
    named,
    parquet_bytes,
    refusal,
)
from orchestration.tests.bad_input.conftest import Landing
from orchestration.tests.unit.ingestion.conftest import Place

ROWS = b"id,name\n" + b"".join(b"%d,name %d\n" % (i, i) for i in range(1000))


def zstd(data: bytes) -> bytes:
    return bytes(pa.compress(data, codec="zstd", asbytes=True))  # type: ignore[attr-defined]


def zipped(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("rows.csv", data)
    return out.getvalue()


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
