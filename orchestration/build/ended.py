"""What has become of a run and its branch, for a stage that is called again."""

from contextlib import suppress

from orchestration.build.kept import Kept, load, path_of
from orchestration.build.result import RunResult, Status
from orchestration.errors import NotFoundError, SetupError, UsageError
from orchestration.lake import Lake
from orchestration.lake.model import Publication
from orchestration.settings import Settings


def ended(settings: Settings, lake: Lake, branch: str) -> RunResult:
    """What a run came to whose branch is gone.

    Raises:
        UsageError: Nobody knows.
    """
    with suppress(SetupError):
        kept = load(path_of(settings, branch))
        done = publication(lake, branch, kept)
        if done or kept.same:
            status: Status = "published" if done else "unchanged"
            return RunResult(status=status, seconds=0, branch=branch, publication=done)
    raise gone(branch)


def publication(lake: Lake, branch: str, kept: Kept) -> Publication | None:
    """What the run has published since its branch was forked."""
    newer = (one for one in lake.log(1000) if one.id > kept.newest)
    return next((one for one in newer if one.branch == branch), None)


def exists(lake: Lake, branch: str) -> bool:
    """Whether the branch is there."""
    with suppress(NotFoundError):
        lake.branch(branch)
        return True
    return False


def gone(branch: str) -> UsageError:
    """What to raise where a stage needs a branch that is not there."""
    return UsageError(
        "the run's branch is gone: it was published, or dropped",
        where=f"branch {branch}",
        remedy="`firn log` shows what was published. Start a new run.",
    )
