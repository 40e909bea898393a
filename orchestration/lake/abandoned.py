"""Tables whose build ended without a word, by kill -9 or power cut."""

import time

import sqlalchemy as sa

from orchestration.lake import selects
from orchestration.lake.catalog.files import local_path
from orchestration.lake.model import TableId
from orchestration.lake.store import tables

# Seconds. Nothing tells a build that was killed from one that still runs, so this is
# more than any statement takes: concurrent builds of one branch are left alone.
_AFTER = 24 * 60 * 60


def drop(connection: sa.Connection, branch: str) -> list[TableId]:
    """Forget tables in work that nobody committed to for a day; returns them."""
    rows = connection.execute(
        selects.state(branch).where(selects.in_work(tables.c.table_name))
    )
    gone = [
        TableId(row.table_namespace, row.table_name)
        for row in rows
        if _is_old(row.metadata_location)
    ]
    for table in gone:
        connection.execute(
            tables.delete().where(
                tables.c.catalog_name == branch,
                tables.c.table_namespace == table.namespace,
                tables.c.table_name == table.name,
            )
        )
    return gone


def _is_old(metadata_location: str) -> bool:
    try:
        written = local_path(metadata_location).stat().st_mtime
    except OSError:
        return True  # nothing there to finish
    return time.time() - written > _AFTER
