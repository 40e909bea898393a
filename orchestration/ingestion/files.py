"""Find a source's files, and know which of them are complete."""

import glob
import gzip
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, cast

import pyarrow as pa

from orchestration.errors import UsageError
from orchestration.ingestion.spec import Source, Table
from orchestration.ingestion.specs import expand
from orchestration.settings import Settings

Compression = Literal["uncompressed", "gzip", "zstd"]

_MAGIC: tuple[tuple[bytes, Compression], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A file as it was when it was found.

    Attributes:
        shown: The path that rows carry: relative to the project where possible, so
            that it means the same on every machine.
        size: In bytes, as stored.
        modified_ns: Time of the last change, nanoseconds since 1970.
    """

    path: Path
    shown: str
    size: int
    modified_ns: int

    @property
    def compression(self) -> Compression:
        """Told from the first bytes: a name may promise anything."""
        with self.path.open("rb") as stream:
            start = stream.read(4)
        return next(
            (kind for magic, kind in _MAGIC if start.startswith(magic)), "uncompressed"
        )

    def unchanged(self) -> bool:
        """Whether the file is still what was found: not grown, replaced or removed."""
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            return False
        return (stat.st_size, stat.st_mtime_ns) == (self.size, self.modified_ns)


@dataclass(frozen=True)
class Found:
    """What lies there for one table: `waiting` may still be written to."""

    ready: tuple[SourceFile, ...]
    waiting: tuple[SourceFile, ...]


def discover(settings: Settings, source: Source, table: Table) -> Found:
    """List a table's files by path; hidden files and folders are left out.

    Raises:
        UsageError: The source's folder does not exist.
    """
    base = settings.project_dir / expand(source.path, source=source.name)
    if not glob.has_magic(str(base)) and not base.is_dir():
        raise UsageError(
            f"its folder {source.path} does not exist ({base})",
            where=f"source {source.name}",
            remedy="Create it, or correct `path` in the spec; see docs/how-to.",
        )
    pattern = str(base / table.files)  # both parts may hold wildcards
    paths = glob.glob(pattern, recursive=True)  # noqa: PTH207
    files = [_look(path, settings) for path in map(Path, sorted(paths))]
    found = [file for file in files if file is not None]
    now_ns = time.time_ns()
    young = {
        file
        for file in found
        # A time in the future comes from another machine's clock: no reason to wait.
        if 0 <= now_ns - file.modified_ns < source.settle_seconds * 1e9
    }
    ready = tuple(file for file in found if file not in young)
    return Found(ready, tuple(file for file in found if file in young))


def open_content(file: SourceFile) -> IO[bytes]:
    """The file's bytes, decompressed."""
    match file.compression:
        case "gzip":
            return cast("IO[bytes]", gzip.open(file.path, "rb"))
        case "zstd":
            stream = pa.input_stream(  # type: ignore[attr-defined]
                str(file.path), compression="zstd"
            )
            return cast("IO[bytes]", stream)
        case "uncompressed":
            return file.path.open("rb", buffering=0)


def shown_list(files: Iterable[SourceFile], *, most: int = 5) -> str:
    """Some of the files' names, for a message."""
    names = [file.shown for file in files]
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def _look(path: Path, settings: Settings) -> SourceFile | None:
    try:
        stat = path.stat()
    except FileNotFoundError:  # moved away since it was listed
        return None
    if not path.is_file():
        return None
    inside = path.is_relative_to(settings.project_dir)
    shown = path.relative_to(settings.project_dir) if inside else path
    return SourceFile(
        path=path,
        shown=shown.as_posix(),
        size=stat.st_size,
        modified_ns=stat.st_mtime_ns,
    )
