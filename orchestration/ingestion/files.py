"""Find a source's files, and know which of them are complete."""

import errno
import glob
import gzip
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import IO, Literal, cast

import pyarrow as pa

from orchestration.errors import GateError, UsageError
from orchestration.ingestion.spec import Source, Table
from orchestration.ingestion.specs import expand, variables
from orchestration.settings import Settings

Compression = Literal["uncompressed", "gzip", "zstd"]

_MAGIC: tuple[tuple[bytes, Compression], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
_PLAIN: Compression = "uncompressed"
_HEAD = 64


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A file as it was when it was found.

    Attributes:
        shown: The path that rows carry: relative to the project where possible, so
            that it means the same on every machine.
        size: In bytes, as stored.
        modified_ns: Time of the last change, nanoseconds since 1970.
        state: What no write leaves as it is: the inode, and the time of the last change
            that the kernel noted, which no program can set.
        content: A plain copy of what is packed in `path`, for the time of a load.
    """

    path: Path
    shown: str
    size: int
    modified_ns: int
    state: tuple[int, int] | None = None
    content: Path | None = None

    @property
    def readable(self) -> Path:
        """Where the content lies for all who read it."""
        return self.content or self.path

    def head(self) -> bytes:
        """The first bytes, as stored; none if the file is gone."""
        try:
            with self.path.open("rb") as stream:
                return stream.read(_HEAD)
        except FileNotFoundError:
            return b""

    @property
    def compression(self) -> Compression:
        """Told from the first bytes: a name may promise anything."""
        return _PLAIN if self.content else compression_of(self.head())

    def unchanged(self) -> bool:
        """Whether the file is still what was found: not grown, replaced or removed."""
        try:
            stat = self.path.stat()
        except OSError:
            return False
        now = (stat.st_size, stat.st_mtime_ns, (stat.st_ino, stat.st_ctime_ns))
        return now == (self.size, self.modified_ns, self.state or now[2])


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
    path = expand(source.path, source=source.name)
    folder = settings.project_dir / path
    # `Path.is_dir` raises where a name is too long, which a variable's value may be.
    if not glob.has_magic(str(path)) and not os.path.isdir(folder):  # noqa: PTH112
        raise UsageError(
            f"its folder {source.path} does not exist",
            where=f"source {source.name}",
            remedy="Create it, or correct `path` in the spec; see docs/how-to.",
        )
    # The project's own path may hold what is a pattern elsewhere: `shop [old]`.
    base = Path(glob.escape(str(settings.project_dir))) / path
    if closed := [one for one in glob.glob(str(base)) if not _is_open(one)]:  # noqa: PTH207
        raise UsageError(
            f"its folder {source.path} cannot be listed",
            where=f"source {source.name}",
            remedy=f"Give the user of Firn the right to: chmod +rx {closed[0]}",
        )
    look = _Looker(settings.project_dir, base, source)
    # Both parts may hold wildcards.
    paths = glob.glob(str(base / table.files), recursive=True)  # noqa: PTH207
    found = [file for path in sorted(paths) if (file := look(Path(path)))]
    now_ns = time.time_ns()
    young = {
        file
        for file in found
        # A time in the future comes from another machine's clock: no reason to wait.
        if 0 <= now_ns - file.modified_ns < source.settle_seconds * 1e9
    }
    ready = tuple(file for file in found if file not in young)
    return Found(ready, tuple(file for file in found if file in young))


def compression_of(head: bytes) -> Compression:
    """How a file that begins like this is packed."""
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), _PLAIN)


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
            return file.readable.open("rb", buffering=0)


def shown_list(files: Iterable[SourceFile], *, most: int = 5) -> str:
    """Some of the files' names, for a message."""
    names = [file.shown for file in files]
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


class _Looker:
    """Makes a `SourceFile` of each path that a glob has found."""

    def __init__(self, project: Path, base: Path, source: Source) -> None:
        # The spec may name a link as its folder; what lies there may not lead out.
        roots = glob.glob(str(base))  # noqa: PTH207
        self._roots = [os.path.realpath(root) for root in roots]
        self._project = project
        self._source = f"source {source.name}"
        self._variables = variables(source.path)
        self._folders: dict[Path, str] = {}

    def __call__(self, path: Path) -> SourceFile | None:
        """The file; None for a folder, pipe, socket or device, or if it is gone.

        Raises:
            GateError: It lies outside the source's folder, or its name is no text.
        """
        try:
            stat = path.stat()
        except FileNotFoundError:  # moved away since it was listed, or a dead link
            return None
        except OSError as error:
            if error.errno == errno.ELOOP:  # links in a circle
                return None
            raise self._refusal(
                path, f"cannot be looked at: {error.strerror}"
            ) from error
        if not S_ISREG(stat.st_mode):
            return None
        inside = path.is_relative_to(self._project)
        shown = path.relative_to(self._project) if inside else self._unexpanded(path)
        if not self._is_within(path):
            raise self._refusal(path, "leads out of the source's folder")
        if not _is_text(str(shown)):
            raise self._refusal(path, "has a name that is no UTF-8 text")
        return SourceFile(
            path=path,
            shown=shown.as_posix(),
            size=stat.st_size,
            modified_ns=stat.st_mtime_ns,
            state=(stat.st_ino, stat.st_ctime_ns),
        )

    def _unexpanded(self, path: Path) -> Path:
        """With variables by name: their values are the machine's, and may be secret."""
        text = str(path)
        for value, name in self._variables.items():
            text = text.replace(value, name)
        return Path(text)

    def _is_within(self, path: Path) -> bool:
        if path.is_symlink():
            real = os.path.realpath(path)
        else:
            folder = self._folders.get(path.parent)
            if folder is None:
                folder = self._folders[path.parent] = os.path.realpath(path.parent)
            real = f"{folder}/{path.name}"
        return any(real.startswith(root.rstrip("/") + "/") for root in self._roots)

    def _refusal(self, path: Path, what: str) -> GateError:
        name = ascii(str(self._unexpanded(path)))
        return GateError(
            f"{name} {what}, nothing of this source was published",
            where=self._source,
            remedy="Move it away or rename it, or correct `path` and `files`.",
        )


def _is_open(folder: str) -> bool:
    """Whether its files can be listed: a glob would find none, and say nothing."""
    return not Path(folder).is_dir() or os.access(folder, os.R_OK | os.X_OK)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
