"""Give DuckDB the files of a sample as plain bytes: of packed ones, a bounded part.

A packed file may unfold to more than any disk holds, and its name may promise
anything. Types are inferred from a part, so lines past that part are never unpacked.
"""

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from orchestration.errors import UsageError
from orchestration.ingestion.files import SourceFile, open_content
from orchestration.ingestion.naming import TableFiles

_MOST_FILES = 50
_MOST_UNPACKED = 256 << 20  # bytes of all packed files of a table
_CHUNK = 1 << 20


@contextmanager
def plain_files(table: TableFiles) -> Iterator[list[Path]]:
    """The first files of a table, or plain copies as long as this lasts.

    Raises:
        UsageError: A file cannot be unpacked, or is one document that is too large.
    """
    with TemporaryDirectory(prefix="firn_sample_") as folder:
        left = _MOST_UNPACKED
        plain: list[Path] = []
        for number, path in enumerate(table.files[:_MOST_FILES]):
            file = _as_source_file(path)
            if table.format == "parquet" or file.compression == "uncompressed":
                plain.append(path)
            elif left:
                copy = Path(folder) / str(number)
                left -= _unpack(file, copy, left, cut=table.format != "json")
                plain.append(copy)
        yield plain


def _as_source_file(path: Path) -> SourceFile:
    stat = path.stat()
    return SourceFile(
        path=path, shown=str(path), size=stat.st_size, modified_ns=stat.st_mtime_ns
    )


def _unpack(file: SourceFile, copy: Path, most: int, *, cut: bool) -> int:
    """Unpack up to so many bytes, to the end of a line; how many they were."""
    size = 0
    try:
        with open_content(file) as stream, copy.open("wb") as out:
            while size < most and (chunk := stream.read(min(_CHUNK, most - size))):
                size += out.write(chunk)
            ended = not stream.read(1)
    except (EOFError, ValueError, OSError, zlib.error) as error:
        raise UsageError(
            f"it cannot be unpacked: {error}",
            where=file.shown,
            remedy="Ask for the file again, or move it away.",
        ) from error
    if ended:
        return size
    if not cut:
        raise UsageError(
            f"it unpacks to more than {most >> 20} MiB",
            where=file.shown,
            remedy="Give a smaller file as the sample, or write the spec by hand: "
            "docs/how-to/add-a-source.md.",
        )
    with copy.open("rb+") as out:
        out.seek(max(size - _CHUNK, 0))
        os.truncate(copy, max(size - _CHUNK, 0) + out.read().rfind(b"\n") + 1)
    return size
