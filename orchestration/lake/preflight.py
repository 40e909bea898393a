"""A look before an engine reads: DuckDB (1.5) aborts its process on a lost manifest.

Only what makes it abort, and what it would explain badly, is looked at; a lost data
file makes it raise an error that names the file.
"""

from collections.abc import Callable

from orchestration.errors import DamagedError
from orchestration.lake.lake import Lake
from orchestration.lake.local_files import path_of, reason
from orchestration.lake.model import TableId
from orchestration.lake.reachable import MANIFEST, Stored, Trouble, Walk
from orchestration.lake.updates import SEE_VERIFY

Wanted = Callable[[TableId], bool]


def require_readable(lake: Lake, branch: str, *, wanted: Wanted | None = None) -> None:
    """Check metadata files, manifest lists and manifests of a branch's tables.

    Args:
        wanted: Which tables are going to be read; None for all.

    Raises:
        DamagedError: One is missing or damaged; it names table and file.
    """
    walk = Walk()
    for table, pointer in lake.pointers(branch).items():
        if wanted is not None and not wanted(table):
            continue
        found = walk.metadata(pointer.metadata_location)
        live = [one for one in found.snapshots if one.live]
        stored, troubles = walk.files(live, skip=list)
        lost = (_lost(one) for one in stored if one.role == MANIFEST)
        for trouble in (found.trouble, *troubles, *lost):
            if trouble is not None:
                raise DamagedError(
                    f"a {trouble.role} {trouble.reason}",
                    where=f"{table} on {branch}, {trouble.location}",
                    remedy=SEE_VERIFY,
                )


def _lost(stored: Stored) -> Trouble | None:
    path = path_of(stored.location)
    try:
        if path is not None and path.stat().st_size == stored.size:
            return None
    except OSError as error:
        return Trouble(stored.location, stored.role, reason(error))
    return Trouble(stored.location, stored.role, "has another length")
