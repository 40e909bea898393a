"""A Postgres of our own, where the machine has its programs: behind a unix socket."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_FOLDERS = "/usr/lib/postgresql"  # Debian keeps the server's programs off the path
_USERS = ("postgres", "nobody")  # Postgres refuses to run as root
_INITDB = ("-A", "trust", "-U", "firn", "-E", "UTF8", "--locale=C")
# The socket's folder is its owner's alone, so whoever connects is trusted.
_OPTIONS = "-c listen_addresses= -c max_connections=200"


def programs() -> Path | None:
    """The folder of `initdb` and `pg_ctl`; None where Postgres is not installed."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    newest_first = sorted(Path(_FOLDERS).glob("*/bin/initdb"), reverse=True)
    return newest_first[0].parent if newest_first else None


def user() -> str | None:
    """Whom to become, where this process is root; None where it is not.

    Raises:
        OSError: There is nobody else to become.
    """
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    if found := next((name for name in _USERS if name in known), None):
        return found
    raise OSError(f"root cannot run Postgres, and there is no user {_USERS[0]}")


def run(
    program: Path, *arguments: str, log: IO[bytes] | int = subprocess.DEVNULL
) -> None:
    """Run one of its programs, as a user that may.

    Args:
        log: What takes its output. Not a pipe: a server would keep it open.

    Raises:
        CalledProcessError: It said no.
    """
    name = user()
    subprocess.run(  # noqa: S603  # no shell, our own arguments
        [str(program), *arguments],
        user=name,
        group=name and pwd.getpwnam(name).pw_gid,
        extra_groups=[] if name else None,
        cwd="/",
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Let a server run on that folder, made if it is missing; yields SQLAlchemy's URL.

    Raises:
        OSError: It is not installed, or root has no user that may run it.
        CalledProcessError: It cannot work there; its log beside the folder says why.
    """
    found = programs()
    if found is None:
        raise FileNotFoundError("Postgres is not installed")
    with (
        folder.with_suffix(".log").open("ab") as log,
        _socket() as socket,
    ):
        if not folder.is_dir():
            _make(found, folder, log)
        control, of_it = found / "pg_ctl", ("-D", str(folder))
        if _runs(control, of_it):  # whoever kept it was killed
            run(control, *of_it, "-m", "fast", "-w", "stop", log=log)
        options = f"{_OPTIONS} -k {socket}"
        run(control, *of_it, "-o", options, "-w", "start", log=log)
        try:
            yield f"postgresql+psycopg://firn@/postgres?host={socket}"
        finally:
            run(control, *of_it, "-m", "fast", "-w", "stop", log=log)


@contextmanager
def _socket() -> Iterator[Path]:
    """A folder for the socket: the name of one may have a hundred bytes at most."""
    with tempfile.TemporaryDirectory(prefix="firn-pg-") as name:
        if owner := user():
            shutil.chown(name, owner)
        yield Path(name)


def _make(found: Path, folder: Path, log: IO[bytes]) -> None:
    """Make a database, whole or not at all."""
    draft = folder.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if owner := user():
        shutil.chown(draft, owner)
    run(found / "initdb", "-D", str(draft), *_INITDB, log=log)
    draft.rename(folder)


def _runs(control: Path, of_it: Sequence[str]) -> bool:
    try:
        run(control, *of_it, "status")
    except subprocess.CalledProcessError:
        return False
    return True
