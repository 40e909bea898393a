"""The bearer token of the lake: whoever can read its file may use the catalog."""

import logging
import os
import secrets
import stat
import threading
from pathlib import Path

from orchestration.errors import SetupError
from orchestration.settings import Settings

log = logging.getLogger(__name__)

_SHORTEST = 16  # characters; ours have 43


def read_token(settings: Settings) -> str:
    """The bearer token; made on first use, readable by its owner alone.

    A file that others may read is narrowed to mode 0600 before it is used.

    Raises:
        SetupError: It cannot be read or narrowed, or holds no token.
    """
    return _read(settings.token_file) or _make(settings)


def _make(settings: Settings) -> str:
    settings.home.mkdir(parents=True, exist_ok=True)
    # Written aside and linked into place: nobody reads half a token, the first wins.
    aside = settings.home / f"token.{os.getpid()}.{threading.get_ident()}"
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
        os.link(aside, settings.token_file)
    except FileExistsError:
        pass
    finally:
        aside.unlink()
    token = _read(settings.token_file)
    assert token is not None  # nobody takes it away again
    return token


def _read(path: Path) -> str | None:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SetupError(
            f"the catalog's token cannot be read ({error.strerror})",
            where=str(path),
            remedy="Use the lake as the user who made it.",
        ) from error
    with os.fdopen(descriptor) as file:
        _keep_private(descriptor, path)
        token = file.read().strip()
    # An empty token would let in whoever sends none.
    if len(token) < _SHORTEST:
        raise SetupError(
            "the file of the catalog's token holds none",
            where=str(path),
            remedy="Delete it and end the catalog; its next start makes a new one.",
        )
    return token


def _keep_private(descriptor: int, path: Path) -> None:
    if not _is_open_to_others(descriptor):
        return
    try:
        os.fchmod(descriptor, 0o600)
    except OSError as error:
        raise _exposed(path) from error
    if _is_open_to_others(descriptor):  # a file system without modes
        raise _exposed(path)
    log.warning(
        "others could read %s; now they cannot. Delete it for a new token, if one of "
        "them may have",
        path,
    )


def _is_open_to_others(descriptor: int) -> bool:
    return bool(stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077)


def _exposed(path: Path) -> SetupError:
    return SetupError(
        "others can read the catalog's token, and that cannot be changed",
        where=str(path),
        remedy="Set FIRN_HOME to a folder of your own, on a file system with modes.",
    )
