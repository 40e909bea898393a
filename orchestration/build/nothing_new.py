"""Whether a build would make again what `main` already has. Needs no dbt, no DuckDB.

The last publication of a whole build recorded its fingerprint and the snapshot of
each table it read. When both are as they were, and nobody has moved a built table
since, there is nothing to do. Only the clock can still make a difference: a source
that brings nothing goes stale, so the moment when that happens is kept beside the
lake, and from then on freshness is asked again.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orchestration.build.artifacts import SourceAge
from orchestration.build.rows import snapshot_ids
from orchestration.lake import Lake
from orchestration.lake.model import Publication, TableId
from orchestration.settings import MAIN, Settings

_DEPTH = 1000  # publications to look back; older than that, building again is cheap


@dataclass(frozen=True)
class Unchanged:
    """The publication that made what `main` holds, and the rollback of it, if any."""

    since: Publication
    rolled_back_by: Publication | None = None

    @property
    def reason(self) -> str:
        """Why nothing is to be done, as a sentence for people."""
        made = f"publication {self.since.id} was built from this code and these rows"
        if self.rolled_back_by is None:
            return f"nothing new: {made}"
        return f"nothing new: {made}, and {self.rolled_back_by.id} rolled it back"


def unchanged(lake: Lake, fingerprint: str) -> Unchanged | None:
    """Return what makes a build of `fingerprint` unnecessary; None if one is needed."""
    newer: list[Publication] = []
    for publication in lake.log(limit=_DEPTH):
        if publication.kind == "publish" and publication.provenance.fingerprint:
            break
        newer.append(publication)
    else:
        return None
    if publication.provenance.fingerprint != fingerprint:
        return None
    inputs = publication.provenance.inputs
    tables = {TableId.parse(name) for name in inputs}
    pointers = lake.pointers(MAIN)
    # The snapshot of a view is unknown, and so is whether what it reads has changed.
    if any(pointers[t].kind == "VIEW" for t in tables if t in pointers):
        return None
    reverting = next((p for p in newer if p.reverts == publication.id), None)
    others = [p for p in newer if p is not reverting]
    if _touch_built_tables(others, {table.namespace for table in tables}):
        return None
    if snapshot_ids(lake, MAIN, pointers, tables) != dict(inputs):
        return None
    return Unchanged(publication, reverting)


def _touch_built_tables(newer: list[Publication], raw: set[str]) -> bool:
    """Whether any of them moved a table outside the namespaces that builds read."""
    return any(
        change.table.namespace not in raw
        for publication in newer
        for change in publication.changes
    )


class Watch:
    """The moment when freshness has to be asked again, in a file beside the lake."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.home / "freshness.json"

    def remember(
        self, publication: Publication, ages: tuple[SourceAge, ...], now: datetime
    ) -> None:
        """Keep when the first of `ages` gets worse without new rows."""
        moments = [m for age in ages if (m := age.next_threshold(now))]
        data = {
            "publication": publication.id,
            "ask_again_at": min(moments).isoformat() if moments else None,
        }
        self._path.write_text(json.dumps(data))

    def is_due(self, publication: Publication, now: datetime) -> bool:
        """Whether a source may have gone stale since; also when nothing is known."""
        data = self._read()
        if data.get("publication") != publication.id:
            return True
        moment = data.get("ask_again_at")
        return moment is not None and datetime.fromisoformat(moment) <= now

    def _read(self) -> dict[str, Any]:
        try:
            data = json.loads(self._path.read_text())
        except (OSError, json.JSONDecodeError):
            return {}
        return data if isinstance(data, dict) else {}
