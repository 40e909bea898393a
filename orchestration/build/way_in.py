"""What every engine's way in does first: the branch, the catalog, the lake's verbs."""

import atexit
import logging
from collections.abc import Callable
from dataclasses import dataclass

from orchestration.build.calls import Calls
from orchestration.errors import NotFoundError, UsageError
from orchestration.lake import Lake
from orchestration.lake.process import Endpoint, ensure_catalog
from orchestration.settings import MAIN, Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WayIn:
    """A branch that dbt may build on, and the catalog that it is reached through."""

    settings: Settings
    endpoint: Endpoint


def open_branch(*, named: bool, needs_branch: bool) -> WayIn:
    """Make the branch of the environment if it is missing, and see the catalog run.

    Args:
        named: Somebody chose the branch. A developer's own follows `main`.
        needs_branch: Refuse one that nobody chose.

    Raises:
        UsageError: Nothing may build on that branch.
        SetupError: The lake cannot be reached.
    """
    settings = Settings.load()
    _check(settings.branch, named=named, needs_branch=needs_branch)
    _prepare(settings, refresh=not named)
    return WayIn(settings, ensure_catalog(settings))


def _check(branch: str, *, named: bool, needs_branch: bool) -> None:
    if branch == MAIN:
        raise UsageError(
            "nothing builds on main: it moves by publications alone",
            where="FIRN_BRANCH",
            remedy="Name another branch, or use `firn build`, which publishes.",
        )
    if needs_branch and not named:
        raise UsageError(
            "this target builds on the branch of a run, and none is named",
            where="target prod",
            remedy="Use `firn run` or `firn build`, or set FIRN_BRANCH.",
        )


def _prepare(settings: Settings, *, refresh: bool) -> None:
    """Make the branch if it is missing; let a developer's own follow `main`."""
    lake = Lake.open(settings)
    try:
        lake.branch(settings.branch)
    except NotFoundError:
        lake.create_branch(settings.branch)
    else:
        if refresh and (moved := lake.refresh(settings.branch)):
            log.info("branch %s took %s tables of main", settings.branch, len(moved))
    finally:
        lake.close()


_last: list[Callable[[], None]] = []


def close_when_done(calls: Calls) -> None:
    """dbt tells plugins nothing of its end: the next start, or the process's end."""
    _close_last()
    _last.append(calls.close)


@atexit.register
def _close_last() -> None:
    while _last:
        _last.pop()()
