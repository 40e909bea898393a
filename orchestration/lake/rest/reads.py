"""Reads of `main` that belong together see one state of it.

The protocol loads one table a request, so a statement over two tables asks twice, and
a publication may fall between. What belongs together can be told, though: an engine
sends a statement's requests over one connection, each table once and quickly one after
the other. So the first load pins the newest publication for its connection, and loads
of further tables are answered as of it; a table asked for again, or a pause, is a new
statement, which sees the newest state.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

import sqlalchemy as sa

from orchestration.lake.catalog import entries
from orchestration.lake.model import Pointer, TableId
from orchestration.lake.store import changes, publications
from orchestration.settings import MAIN

PAUSE_SECONDS = 1.0  # longer than an engine takes from one table to the next
_READERS = 10_000  # connections remembered; the oldest is forgotten first


@dataclass
class _Pin:
    publication: int
    last: float
    tables: set[TableId] = field(default_factory=set)


class Reads:
    """Which publication each connection reads."""

    def __init__(self) -> None:
        self._pins: OrderedDict[str, _Pin] = OrderedDict()
        self._lock = threading.Lock()

    def find(
        self, connection: sa.Connection, reader: str, table: TableId, *, at: float
    ) -> Pointer | None:
        """What `main` has under a name, for this reader.

        Args:
            reader: The connection that asks; empty for none in particular.
            at: The monotonic clock, in seconds.
        """
        newest = connection.scalar(sa.select(sa.func.max(publications.c.id))) or 0
        if reader and (pinned := self._pin(reader, table, newest, at)) != newest:
            earlier = _before_it_moved(connection, table, after=pinned)
            if earlier is not None:
                return earlier
        return entries.find(connection, MAIN, table)

    def _pin(self, reader: str, table: TableId, newest: int, at: float) -> int:
        with self._lock:
            pin = self._pins.pop(reader, None)
            paused = pin is not None and at - pin.last > PAUSE_SECONDS
            if pin is None or paused or table in pin.tables:
                pin = _Pin(newest, at)
            pin.tables.add(table)
            pin.last = at
            self._pins[reader] = pin
            while len(self._pins) > _READERS:
                self._pins.popitem(last=False)
            return pin.publication


def _before_it_moved(
    connection: sa.Connection, table: TableId, *, after: int
) -> Pointer | None:
    """Where the first publication later than `after` found the table.

    None where no later one moved it, and where one made it: a table that is there now
    is better than none.
    """
    row = connection.execute(
        sa.select(changes.c.old_kind, changes.c.old_location)
        .where(
            changes.c.publication_id > after,
            changes.c.table_namespace == table.namespace,
            changes.c.table_name == table.name,
        )
        .order_by(changes.c.publication_id)
        .limit(1)
    ).first()
    return Pointer(row[0], row[1]) if row and row[1] else None
