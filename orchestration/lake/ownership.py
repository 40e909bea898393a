"""Whose files a warehouse holds: every lake that writes to it leaves its mark there.

A catalog knows only its own tables. Where two of them share a warehouse, or a new
database took the place of a lost one, each would take the other's files for garbage.
"""

import hashlib
import json
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa

from orchestration.errors import SetupError
from orchestration.lake.local_files import path_of
from orchestration.lake.store import Store, branches, tables
from orchestration.settings import MAIN, Settings

_MARKS = ".lakes"


def claim(store: Store, settings: Settings) -> None:
    """Leave this lake's mark; done by whatever is about to write files."""
    mark = _mark(store, settings)
    # Where it cannot be written there is nothing to clean either.
    with suppress(OSError):
        if not mark.exists():
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.write_text(json.dumps({"home": str(settings.home)}) + "\n")


def require_sole(store: Store, settings: Settings) -> None:
    """Refuse where the files may be another lake's.

    Raises:
        SetupError: There is another mark, this lake's is missing beside files, or its
            tables lie elsewhere, as after a copy of the folder.
    """
    _require_inside(store, settings.warehouse)
    mark = _mark(store, settings)
    marks = sorted(mark.parent.glob("*")) if mark.parent.is_dir() else []
    if others := [one for one in marks if one != mark]:
        raise SetupError(
            "another lake has files in this warehouse, which look like garbage from "
            "here; nothing was deleted",
            where=str(others[0]),
            remedy="The mark says which. Delete the mark if that lake is gone for "
            "good, and its files with it, or if it is this one, moved and not copied.",
        )
    if not marks and settings.warehouse.is_dir() and any(settings.warehouse.iterdir()):
        raise SetupError(
            "nothing says that the files of this warehouse are this lake's; nothing "
            "was deleted",
            where=str(settings.warehouse),
            remedy="Run `firn sql 'select 1'` once, which leaves the mark of this lake "
            "there.",
        )


def _require_inside(store: Store, warehouse: Path) -> None:
    with store.read() as connection:
        rows = connection.execute(sa.select(tables.c.metadata_location)).all()
    paths = [path_of(str(row.metadata_location)) for row in rows]
    roots = (warehouse, warehouse.resolve())
    outside = [
        path
        for path in paths
        if path is None or not any(path.is_relative_to(root) for root in roots)
    ]
    if outside:
        raise SetupError(
            f"{len(outside)} tables of this lake lie elsewhere, as {outside[0]}; its "
            "files may be all that is left of them, and nothing was deleted",
            where=str(warehouse),
            remedy="Local state was copied or moved: put it back where it was, or set "
            "FIRN_WAREHOUSE to where its files are.",
        )


def _mark(store: Store, settings: Settings) -> Path:
    """A name that no other database has: the moment its `main` was made, and where.

    A copy of a database has the moment, too, and goes on without what the other makes.
    """
    with store.read() as connection:
        row = connection.execute(
            sa.select(branches).where(branches.c.name == MAIN)
        ).one()
    text = f"{row.created_at} {row.created_by} {_place(settings)}"
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    return settings.warehouse / _MARKS / name


def _place(settings: Settings) -> str:
    """A database's file, or its name on a server, which each client may call its way.

    Nothing of it is secret.
    """
    url = sa.make_url(settings.database_url)
    name = url.database or ""
    return str(Path(name).resolve()) if url.get_backend_name() == "sqlite" else name
