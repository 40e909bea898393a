"""A build on its own branch: freshness, dbt, gates, then one publish or none.

`main` → fork `run_<id>` → freshness → dbt build → gates → publish → drop the branch.
Whatever stops in the middle leaves its branch for whoever looks for the reason, and
`main` as it was; the next run forks a new one.
"""

import secrets
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime

from orchestration.build import arguments, rebuild
from orchestration.build.fingerprint import fingerprint
from orchestration.build.nothing_new import (
    Memory,
    Unchanged,
    freshness_is_due,
    unchanged,
)
from orchestration.build.progress import Progress, Silent
from orchestration.build.result import RunResult
from orchestration.lake import Lake
from orchestration.settings import Settings


def build(
    settings: Settings,
    dbt_args: Sequence[str] = (),
    *,
    force: bool = False,
    verbose: bool = False,
    progress: Progress | None = None,
) -> RunResult:
    """Build, judge and publish; do nothing where `main` has the result already.

    Args:
        dbt_args: Passed on to `dbt build`. Any selection makes the build partial: it
            publishes what it built, and the next run builds the whole project.
        force: Build even if nothing is new; `--full-refresh` implies it.
        verbose: Let dbt speak on stderr.

    Raises:
        UsageError: Bad arguments, or a project that does not parse.
        SetupError: The lake or the engine cannot be reached.
    """
    started = time.monotonic()
    arguments.check(dbt_args)
    whole = arguments.is_whole(dbt_args)
    code = fingerprint(settings, dbt_args) if whole else None
    forced = force or arguments.is_full_refresh(dbt_args)
    with closing(Lake.open(settings)) as lake:
        memory = Memory(settings)
        idle = unchanged(lake, code, memory) if code and not forced else None
        if idle and not freshness_is_due(idle.built, datetime.now(UTC)):
            return _nothing(idle, time.monotonic() - started)
        stale = "" if idle else rebuild.reason(lake, memory)
        refresh = [arguments.FULL_REFRESH] if stale and whole else []
        # dbt and DuckDB take two seconds to import: only when something is to be done.
        from orchestration.build.attempt import Attempt  # noqa: PLC0415

        attempt = Attempt(
            settings=settings,
            lake=lake,
            branch=run_id(),
            dbt_args=(*dbt_args, *refresh),
            fingerprint=code,
            note=note_of(stale, whole=whole),
            verbose=verbose,
            progress=progress or Silent(),
            started=started,
        )
        return attempt.ask_freshness(idle) if idle else attempt.publish()


def run_id(now: datetime | None = None) -> str:
    """A branch name that sorts by time: `run_20261121_093000_5f3a`."""
    moment = (now or datetime.now(UTC)).strftime("%Y%m%d_%H%M%S")
    return f"run_{moment}_{secrets.token_hex(2)}"


def note_of(stale: str, *, whole: bool) -> str:
    """Why tables are rebuilt, or should be, for whoever asked for the build."""
    if not stale:
        return ""
    return (
        f"rebuilt with {arguments.FULL_REFRESH}, since {stale}"
        if whole
        else f"run `firn run` to rebuild incremental models, since {stale}"
    )


def _nothing(idle: Unchanged, seconds: float) -> RunResult:
    return RunResult(status="unchanged", reason=idle.reason, seconds=seconds)
