"""Clean-up: what nobody needs any more is forgotten first, and its files go last.

`plan` looks and changes nothing; `apply` does what a plan says, as far as it is still
true. Killed at any step, and run twice at once, it leaves a lake in which every pointer
leads to its files: pointers go in one transaction before any file does.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from orchestration.failpoints import reach
from orchestration.lake import garbage, ownership, spill, stale, sums
from orchestration.lake.lake import Lake
from orchestration.lake.quiet import alone as being_alone
from orchestration.lake.stale import Limits, Stale
from orchestration.settings import Settings

__all__ = ["Leftover", "Limits", "Plan", "apply", "plan"]

_LOGS = ("run_*", "error_*.log")


@dataclass(frozen=True, order=True)
class Leftover:
    """A log of a run or an error."""

    path: Path
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to go, or (from `apply`) what has gone.

    Attributes:
        alone: No engine used the lake, so that no grace was given to its files.
        uncertain: Folders of which nothing goes, since something there is damaged.
    """

    limits: Limits
    stale: Stale
    files: tuple[garbage.File, ...]
    leftovers: tuple[Leftover, ...]
    uncertain: tuple[Path, ...]
    alone: bool

    @property
    def bytes(self) -> int:
        """What it frees on disk."""
        files = sum(one.bytes for one in self.files)
        return files + sum(one.bytes for one in self.leftovers)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return self.stale == Stale() and not self.files and not self.leftovers


def plan(
    lake: Lake,
    settings: Settings,
    limits: Limits | None = None,
    *,
    now: datetime | None = None,
    wait: float = 0.0,
) -> Plan:
    """Look for what can go; changes nothing.

    Args:
        now: The moment that ages are counted from; for tests.
        wait: Seconds to wait for a catalog that is about to leave.

    Raises:
        SetupError: The warehouse has another lake's files, or a table's files cannot
            be told from garbage.
    """
    with being_alone(settings, wait=wait) as alone:
        return _look(lake, settings, limits or Limits(), now or _now(), alone=alone)


def apply(
    lake: Lake,
    settings: Settings,
    wanted: Plan,
    *,
    now: datetime | None = None,
    wait: float = 0.0,
) -> Plan:
    """Do what the plan says, where it is still true; returns what was done.

    Raises:
        SetupError: As `plan`. Nothing was deleted then.
    """
    moment = now or _now()
    with being_alone(settings, wait=wait) as alone:
        true_now = _look(lake, settings, wanted.limits, moment, alone=alone)
        reach("clean.planned")
        forgotten = _forget(lake, wanted, moment, alone=alone)
        reach("clean.forgotten")
        # Looked for anew: what has a pointer by now is no garbage.
        before = _before(wanted.limits, moment, alone=alone)
        found = _garbage(lake, settings, before)
        chosen = {file.identity for file in wanted.files}
        files = tuple(file for file in found.files if file.identity in chosen)
        _delete(files, alone=alone)
        leftovers = tuple(
            one for one in true_now.leftovers if one in set(wanted.leftovers)
        )
        for one in leftovers:
            _remove(one.path)
        sums.forget(lake.store, [f"file://{file.path}" for file in files])
        spill.sweep(settings.home)
    return replace(
        true_now,
        stale=forgotten,
        files=files,
        leftovers=leftovers,
        uncertain=found.uncertain,
    )


def _look(
    lake: Lake, settings: Settings, limits: Limits, now: datetime, *, alone: bool
) -> Plan:
    ownership.require_sole(lake.store, settings)
    with lake.store.read() as connection:
        old = stale.find(connection, limits, now=now, alone=alone)
    found = _garbage(lake, settings, _before(limits, now, alone=alone), old)
    return Plan(
        limits=limits,
        stale=old,
        files=found.files,
        leftovers=tuple(sorted(_leftovers(lake, settings, limits, now))),
        uncertain=found.uncertain,
        alone=alone,
    )


def _forget(lake: Lake, wanted: Plan, now: datetime, *, alone: bool) -> Stale:
    """Drop the pointers that can still go; returns which.

    To look takes its time, in which somebody may have come back to a branch.
    """
    with lake.store.write() as connection:
        stale.lock(connection, wanted.stale)
        found = stale.find(connection, wanted.limits, now=now, alone=alone)
        gone = _both(found, wanted.stale)
        stale.forget(connection, gone)
    return gone


def _garbage(
    lake: Lake, settings: Settings, before: float | None, without: Stale | None = None
) -> garbage.Garbage:
    return garbage.find(
        lake.store, settings.warehouse, without=without or Stale(), before=before
    )


def _before(limits: Limits, now: datetime, *, alone: bool) -> float | None:
    """Which files may go: those of a killed process at once, if no other one lives."""
    return None if alone else (now - limits.grace).timestamp()


def _both(left: Stale, right: Stale) -> Stale:
    return Stale(
        branches=tuple(one for one in left.branches if one in right.branches),
        publications=tuple(
            one for one in left.publications if one in right.publications
        ),
        tables=tuple(one for one in left.tables if one in right.tables),
    )


def _delete(files: tuple[garbage.File, ...], *, alone: bool) -> None:
    for file in files:
        file.path.unlink(missing_ok=True)
        reach("clean.file-deleted")
    if alone:  # a writer may just have made a folder for its next file
        for folder in {file.folder for file in files}:
            _drop_empty(folder)


def _drop_empty(folder: Path) -> None:
    """Remove empty folders; of a table with files its `data` and `metadata` stay."""
    is_void = not any(names for _, _, names in os.walk(folder))
    kept = set() if is_void else {folder, folder / "data", folder / "metadata"}
    for parent, _, _ in os.walk(folder, topdown=False):
        if Path(parent) not in kept:
            with suppress(OSError):  # not empty
                Path(parent).rmdir()


def _leftovers(
    lake: Lake, settings: Settings, limits: Limits, now: datetime
) -> Iterator[Leftover]:
    living = {branch.name for branch in lake.branches()}
    for pattern in _LOGS:
        for path in settings.log_dir.glob(pattern):
            if path.name not in living:
                yield from _older(path, (now - limits.branch_age).timestamp())


def _older(path: Path, before: float) -> Iterator[Leftover]:
    with suppress(FileNotFoundError):
        inside = [path, *path.rglob("*")] if path.is_dir() else [path]
        status = [one.lstat() for one in inside]
        if max(one.st_mtime for one in status) < before:
            files = (one.st_size for one in status)
            yield Leftover(path, sum(files))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _now() -> datetime:
    return datetime.now(UTC)
