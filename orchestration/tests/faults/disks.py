"""Small and read-only file systems, where whoever runs the tests may make them."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small(folder: Path, *, kilobytes: int) -> Iterator["Disk"]:
    """A file system of that size in place of the folder, which is empty then.

    Skips the test where file systems cannot be mounted, as in most containers.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder))
    try:
        yield Disk(folder)
    finally:
        _umount(folder)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """The folder as one that nobody can write to; for root, that takes a mount."""
    if os.geteuid() != 0:
        modes = {path: path.stat().st_mode for path in (folder, *folder.rglob("*"))}
        for path, mode in modes.items():
            path.chmod(mode & 0o555)
        try:
            yield
        finally:
            for path, mode in modes.items():
                path.chmod(mode)
        return
    _mount("--bind", str(folder), str(folder))
    try:
        _mount("-o", "remount,ro,bind", str(folder))
        yield
    finally:
        _umount(folder)


class Disk:
    """A mounted file system that can be filled."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / ".ballast"

    def fill(self, *, leave: int) -> None:
        """Leave so many bytes free."""
        status = os.statvfs(self._ballast.parent)
        size = status.f_bavail * status.f_frsize - leave
        with self._ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(size, 1))

    def free(self) -> None:
        """Make room again."""
        self._ballast.unlink(missing_ok=True)


def _mount(*arguments: str) -> None:
    if not Path("/proc/mounts").exists():
        pytest.skip("this system has no mounts of Linux")
    command = ["mount", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"file systems cannot be mounted here: {done.stderr.strip()}")


def _umount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
