"""Whether a build would make again what `main` already has. Needs no dbt, no DuckDB.

The last publication of a whole build recorded its fingerprint and the snapshot of
each table it read. When both are as they were, and nobody has moved a built table
since, there is nothing to do. Two things are kept beside the lake, in
`last_build.json`: a build that changed no table (so it published nothing, and would
be repeated for ever), and the moment when a source goes stale without new rows, from
which on freshness has to be asked again.
"""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from orchestration.build.artifacts import SourceAge
from orchestration.build.rows import snapshot_ids
from orchestration.failpoints import reach
from orchestration.lake import Lake
from orchestration.lake.model import Publication, TableId
from orchestration.settings import MAIN, Settings

_DEPTH = 1000  # publications to look back; older than that, building again is cheap
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Built:
    """What a whole build was made of, and the publication since which `main` has it.

    `since` is 0 where there is no publication; `ask_again_at` is when freshness has to
    be asked again, and None if nobody knows.
    """

    since: int
    fingerprint: str
    inputs: Mapping[str, int | None]
    ask_again_at: datetime | None = None


@dataclass(frozen=True)
class Unchanged:
    """The build whose result `main` has, and what rolled it back, if anything did."""

    built: Built
    rolled_back_by: Publication | None = None

    @property
    def reason(self) -> str:
        """Why nothing is to be done, as a sentence for people."""
        since = self.built.since
        if self.rolled_back_by is None:
            return f"nothing new since publication {since}"
        return (
            f"nothing new since publication {since}, "
            f"and {self.rolled_back_by.id} rolled it back"
        )


class Memory:
    """What is known on this machine about the last whole build."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.home / "last_build.json"

    def keep(self, built: Built, ages: Sequence[SourceAge], now: datetime) -> None:
        """Remember a build, and when the first of its sources gets worse."""
        moments = [m for age in ages if (m := age.next_threshold(now))]
        data = {
            "since": built.since,
            "fingerprint": built.fingerprint,
            "inputs": dict(built.inputs),
            "ask_again_at": min(moments, default=_NEVER).isoformat(),
        }
        aside = self._path.with_suffix(f".{secrets.token_hex(8)}")
        aside.write_text(json.dumps(data))
        reach("memory.written-aside")
        aside.replace(self._path)

    def built(self) -> Built | None:
        """What was kept; None where nothing was, or nothing that can be read."""
        try:
            data: dict[str, Any] = json.loads(self._path.read_text())
            return Built(
                since=int(data["since"]),
                fingerprint=str(data["fingerprint"]),
                inputs=dict(data["inputs"]),
                ask_again_at=datetime.fromisoformat(data["ask_again_at"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None


def freshness_is_due(built: Built, now: datetime) -> bool:
    """Whether a source may have gone stale since; also when nothing is known."""
    return built.ask_again_at is None or built.ask_again_at <= now


def unchanged(lake: Lake, fingerprint: str, memory: Memory) -> Unchanged | None:
    """Return what makes a build of `fingerprint` unnecessary; None if one is needed."""
    log = lake.log(limit=_DEPTH)
    candidates = _candidates(log, memory.built())
    built = next((b for b in candidates if b.fingerprint == fingerprint), None)
    if built is None:
        return None
    newer = [p for p in log if p.id > built.since]
    reverting = next((p for p in newer if p.reverts == built.since), None)
    others = [p for p in newer if p is not reverting]
    tables = {TableId.parse(name) for name in built.inputs}
    if _touch_built_tables(others, {table.namespace for table in tables}):
        return None
    pointers = lake.pointers(MAIN)
    # The snapshot of a view is unknown, and so is whether what it reads has changed.
    if any(pointers[t].kind == "VIEW" for t in tables if t in pointers):
        return None
    if snapshot_ids(lake, MAIN, pointers, tables) != dict(built.inputs):
        return None
    return Unchanged(built, reverting)


def _candidates(log: Sequence[Publication], kept: Built | None) -> list[Built]:
    """The last whole build as it was kept here and as it was published, newer first.

    A run that is killed after its publish has kept nothing; what is kept then is older.
    """
    found = list(_published(log))
    if kept and (kept.since == 0 or any(p.id == kept.since for p in log)):
        found.insert(0, kept)
    return sorted(found, key=lambda built: -built.since)


def _published(log: Sequence[Publication]) -> Iterator[Built]:
    for publication in log:
        why = publication.provenance
        if publication.kind == "publish" and why.fingerprint:
            yield Built(
                since=publication.id, fingerprint=why.fingerprint, inputs=why.inputs
            )
            return


def _touch_built_tables(newer: Sequence[Publication], raw: set[str]) -> bool:
    """Whether any of them moved a table outside the namespaces that builds read."""
    return any(
        change.table.namespace not in raw
        for publication in newer
        for change in publication.changes
    )
