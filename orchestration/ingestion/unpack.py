"""Unpack compressed files, under caps, before DuckDB reads them.

`files.py → unpack → extract.py`: a packed file is inflated once, as a stream, into a
folder of the load's own; checksums are verified and a bomb is refused on the way. What
reads the file afterwards reads plain bytes, on all cores.
"""

import errno
import gzip
import os
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from orchestration.errors import GateError, SetupError
from orchestration.ingestion.files import SourceFile, compression_of, open_content
from orchestration.ingestion.spec import Source, Table

_CHUNK = 1 << 20
_GIB = 1 << 30
# Below it no ratio is suspicious: an export of one repeated line is no bomb.
_HARMLESS = 64 << 20
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Caps:
    """How much a packed file may become: in bytes, and as a multiple of its size."""

    most_bytes: float
    most_ratio: float

    @classmethod
    def of(cls, source: Source) -> "Caps":
        """The caps of a source's spec."""
        return cls(source.max_unpacked_gib * _GIB, source.max_unpack_ratio)

    def check(self, file: SourceFile, size: int) -> None:
        """Refuse a file that has become larger than it may.

        Raises:
            GateError: It is a bomb, or the caps are too low for it.
        """
        ratio = size / max(file.size, 1)
        if size > self.most_bytes:
            _refuse(
                file,
                f"it unpacks to more than {self.most_bytes / _GIB:g} GiB",
                "max_unpacked_gib",
            )
        if size > _HARMLESS and ratio > self.most_ratio:
            _refuse(
                file,
                f"it unpacks to more than {self.most_ratio:g} times its size",
                "max_unpack_ratio",
            )


@contextmanager
def unpacked(
    files: Sequence[SourceFile], source: Source, table: Table, folder: Path
) -> Iterator[tuple[SourceFile, ...]]:
    """The same files; those that were packed have a plain copy as long as this lasts.

    So have JSON files that begin with a byte order mark: DuckDB would take it for a
    part of the first line.

    Args:
        folder: Exists while the load lasts; gets a folder of copies.

    Raises:
        GateError: A file is broken, or larger than it may be.
        SetupError: There is no room for the copies.
    """
    bom = _BOM if source.format_of(table) in ("json", "jsonl") else b""
    packed = [file for file in files if _needs_copy(file, bom)]
    if not packed:
        yield tuple(files)
        return
    folder.mkdir(parents=True, exist_ok=True)
    caps = Caps.of(source)
    with TemporaryDirectory(prefix="unpacked_", dir=folder) as name:
        copies = [Path(name) / str(number) for number in range(len(packed))]
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            done = list(pool.map(partial(_unpack, caps, bom), packed, copies))
        plain = dict(zip(packed, done, strict=True))
        yield tuple(plain.get(file, file) for file in files)


def scratch_of(con: duckdb.DuckDBPyConnection) -> Path:
    """Where a load may put files that only it reads: where DuckDB spills.

    It is removed with the process's other spills, even if the process was killed.
    """
    [(folder,)] = con.execute("select current_setting('temp_directory')").fetchall()
    return Path(folder)


def _needs_copy(file: SourceFile, bom: bytes) -> bool:
    head = file.head()
    return compression_of(head) != "uncompressed" or bool(bom and head.startswith(bom))


def _unpack(caps: Caps, bom: bytes, file: SourceFile, copy: Path) -> SourceFile:
    try:
        with open_content(file) as stream, copy.open("wb") as out:
            size = 0
            while chunk := stream.read(_CHUNK):
                out.write(chunk if size else chunk.removeprefix(bom))
                size += len(chunk)
                caps.check(file, size)
    except (EOFError, ValueError, zlib.error, gzip.BadGzipFile) as error:
        raise broken(file, str(error)) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise SetupError(
                "there is no room to unpack it",
                where=file.shown,
                remedy=f"Make room in {copy.parent.parent}.",
            ) from error
        raise broken(file, error.strerror or str(error)) from error
    return replace(file, content=copy)


def broken(file: SourceFile, detail: str) -> GateError:
    """The refusal of a file that cannot be read to its end."""
    return GateError(
        f"it cannot be read, nothing of this source was published: {detail}",
        where=file.shown,
        remedy="Ask for the file again, or move it away.",
    )


def _refuse(file: SourceFile, what: str, key: str) -> None:
    raise GateError(
        f"{what}, nothing of this source was published",
        where=file.shown,
        remedy=f"If it is meant to be that large, raise `{key}` in the spec.",
    )
