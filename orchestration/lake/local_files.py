"""Files of the local file system, as the readers of metadata want them."""

from pathlib import Path
from typing import IO

from pyiceberg.io import FileIO, InputFile, OutputFile

from orchestration.lake.catalog.errors import CatalogError
from orchestration.lake.catalog.files import local_path


def path_of(location: str) -> Path | None:
    """Where it lies on this machine; None for a location elsewhere."""
    try:
        return local_path(location)
    except CatalogError:
        return None


def reason(error: Exception) -> str:
    """What is wrong with a file, in a few words, without its path."""
    if isinstance(error, FileNotFoundError):
        return "is missing"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read ({error.strerror})"
    return f"is damaged ({type(error).__name__})"


class LocalFile(InputFile):
    """A file of the local file system, whatever characters its name has."""

    def _path(self) -> Path:
        return local_path(self._location)

    def __len__(self) -> int:
        return self._path().stat().st_size

    def exists(self) -> bool:
        """Whether there is a file."""
        return self._path().exists()

    def open(self, seekable: bool = True) -> IO[bytes]:  # noqa: ARG002 - the base's
        """Its bytes."""
        return self._path().open("rb")


class LocalIO(FileIO):
    """Reads only: what is looked at must not change by it."""

    def new_input(self, location: str) -> InputFile:
        """A file to read."""
        return LocalFile(location)

    def new_output(self, location: str) -> OutputFile:
        """Refused."""
        raise NotImplementedError(location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Refused."""
        raise NotImplementedError(str(location))
