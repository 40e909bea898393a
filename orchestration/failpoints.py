"""Named instants at which a test may end a process, as kill -9 or a power cut would.

`FIRN_FAILPOINT=<name>` kills the process that reaches `<name>`, without any clean-up.
`<name>@3` means the third time, `<name>:STOP`, `:TERM` or `:INT` another signal. Unset,
reaching one costs a comparison.
"""

import os
import signal

NAMES = frozenset(
    {
        # ingest, in this order, for each source
        "ingest.turn-taken",
        "ingest.branch-created",
        "ingest.staged",
        "ingest.rows-written",
        "ingest.rejects-written",
        "ingest.ledger-written",
        "ingest.published",
        "ingest.branch-dropped",
        # a build, in this order; the ones of `table` for each table that is replaced
        "build.branch-created",
        "build.fresh",
        "table.staged",
        "table.before-swap",
        "table.committed",
        "table.swapped",
        "build.built",
        "build.judged",
        "build.published",
        "build.branch-dropped",
        "memory.written-aside",
        "build.remembered",
        # publish and rollback, all but the last of each inside the transaction
        "publish.recorded",
        "publish.compared",
        "publish.swapped",
        "publish.committed",
        "rollback.recorded",
        "rollback.swapped",
        "rollback.committed",
        # every transaction that writes to the catalog's database, in whatever process
        "store.begun",
        "store.before-commit",
        "store.committed",
        # clean-up, in this order; the last one for each file
        "clean.planned",
        "clean.forgotten",
        "clean.file-deleted",
        # the catalog's server
        "catalog.metadata-written",
        "catalog.committed",
    }
)

_VARIABLE = "FIRN_FAILPOINT"
_wanted = os.environ.get(_VARIABLE, "")
_reached = 0


def parse(wanted: str) -> tuple[str, int, signal.Signals]:
    """The name, which time, and the signal that a value of FIRN_FAILPOINT means.

    Raises:
        ValueError: There is no failpoint of that name, or no such signal or number.
    """
    place, _, name_of_signal = wanted.partition(":")
    name, _, times = place.partition("@")
    if name not in NAMES:
        raise ValueError(f"{_VARIABLE}: there is no failpoint {name!r}")
    try:
        number = signal.Signals[f"SIG{name_of_signal or 'KILL'}"]
    except KeyError:
        raise ValueError(f"{_VARIABLE}: no signal {name_of_signal!r}") from None
    return name, int(times or 1), number


def reach(name: str) -> None:
    """End the process here if that is wanted."""
    if _wanted:
        _act(name)


def _act(name: str) -> None:
    global _reached  # noqa: PLW0603 - one process, one failpoint
    wanted, times, number = parse(_wanted)
    if name != wanted:
        return
    _reached += 1
    if _reached == times:
        os.kill(os.getpid(), number)
