# ruff: noqa: S608 - SQL is only shown to the reader here
"""`ingest`: land what is new in each source, and publish it.

`specs → files → stage → judge → land on ingest_<id> → publish → main`

Incremental models read what is newer than all they hold, so rows have to appear on
`main` in the order of `_loaded_at`: one source at a time takes its moment and
publishes.
"""

import logging
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial

import duckdb
from filelock import FileLock, Timeout
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random

from orchestration.errors import (
    ConflictError,
    FirnError,
    GateError,
    NotFoundError,
    SetupError,
    SourcesRefusedError,
)
from orchestration.failpoints import reach
from orchestration.ingestion import land
from orchestration.ingestion.files import discover
from orchestration.ingestion.ledger import Ledger
from orchestration.ingestion.load import SourceLoad, utc_now
from orchestration.ingestion.result import IngestResult, LoadResult
from orchestration.ingestion.spec import Source
from orchestration.ingestion.specs import load_sources
from orchestration.lake import Lake, Provenance, Publication, TableId
from orchestration.lake.compact import tidy
from orchestration.lake.session import connect, engine
from orchestration.lake.sums import seal
from orchestration.settings import Settings

log = logging.getLogger(__name__)

Progress = Callable[[LoadResult], None]
Say = Callable[[str], None]

# From another machine that shares the catalog's database, an ingest of the same source
# may publish first; then its files are known, and the next attempt lands what is left.
# Each round lets one of them through.
_ATTEMPTS = 8


def ingest(
    settings: Settings,
    sources: Sequence[str] = (),
    *,
    on_progress: Progress | None = None,
    on_step: Say | None = None,
) -> IngestResult:
    """Land the new files of all sources, or of those named; each is published alone.

    A file whose content is in the lake already changes nothing, whatever its name. A
    source that is refused does not hold up the others: it is raised after them, with
    what they came to.

    Args:
        on_progress: Called once a table, as it has landed on the branch.
        on_step: Called with what the ingest is doing when it has to wait for another.

    Raises:
        GateError: The one source was refused; nothing of it was published.
        ConflictError: Others kept publishing its tables, attempt after attempt.
        SourcesRefusedError: One or more of several sources; it has what landed.
        SpecError, NotFoundError, UsageError: A spec is wrong, or there is none.
    """
    specs = load_sources(settings, sources)
    loads: list[LoadResult] = []
    publications: list[Publication] = []
    refused: list[FirnError] = []
    lake = Lake.open(settings)
    try:
        for source in specs:
            try:
                with _in_turn(settings, on_step or _ignore):
                    results, publication = _with_retries(
                        settings, lake, source, on_progress or _ignore
                    )
            except FirnError as error:
                refused.append(error)
                if isinstance(error, SetupError):
                    break  # the next source would meet the same
                continue
            loads += results
            publications += [publication] if publication else []
    finally:
        lake.close()
    result = IngestResult(tuple(loads), tuple(publications))
    if refused and len(specs) == 1:
        raise refused[0]
    if refused:
        raise SourcesRefusedError(refused, landed=result)
    return result


@contextmanager
def _in_turn(settings: Settings, say: Say) -> Iterator[None]:
    """Wait until no other ingest is between its moment and its publication.

    The kernel releases the lock of a process that dies.
    """
    lock = FileLock(settings.home / "ingest.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say("ingest: waits for another ingest to publish")
        lock.acquire()
        say("ingest")
    try:
        reach("ingest.turn-taken")
        yield
    finally:
        lock.release()


def _with_retries(
    settings: Settings, lake: Lake, source: Source, progress: Progress
) -> tuple[list[LoadResult], Publication | None]:
    for attempt in Retrying(
        retry=retry_if_exception_type(ConflictError),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_random(0, 0.5),
        reraise=True,
    ):
        with attempt:
            return _ingest_source(settings, lake, source, progress)
    raise AssertionError("tenacity returns or raises")


def _ingest_source(
    settings: Settings, lake: Lake, source: Source, progress: Progress
) -> tuple[list[LoadResult], Publication | None]:
    found = {table.name: discover(settings, source, table) for table in source.tables}
    load_id = f"{utc_now():%Y%m%dT%H%M%S}_{secrets.token_hex(3)}"
    branch = f"ingest_{load_id}"
    lake.create_branch(branch)
    try:
        reach("ingest.branch-created")
        files = [file.path for table in found.values() for file in table.ready]
        with closing(connect(settings, branch, files=files)) as con:
            ledger = _ledger(lake, con, branch, source)
            load = land.Load(load_id, _moment(lake, ledger))
            work = SourceLoad(con, source, load, ledger)
            results = work.run(found, progress)
    except BaseException:  # an interrupt, too
        lake.drop_branch(branch)  # it holds a part of the load, and no reject
        raise
    try:
        _check_rejects(source, results)
    except GateError:
        _keep(lake, branch, _refused(source))
        raise
    return results, _publish(settings, lake, branch)


def _refused(source: Source) -> str:
    """The branch on which the last refused load of a source can be looked at."""
    return f"ingest_refused_{source.name}"[:100]


def _keep(lake: Lake, branch: str, name: str) -> None:
    """Give a branch that name: the last refusal takes the place of those before it.

    Its base is the load's branch, not `main`, so nobody publishes it past the gate.
    """
    with suppress(NotFoundError):
        lake.drop_branch(name)
    lake.create_branch(name, base=branch)
    lake.drop_branch(branch)


def _moment(lake: Lake, ledger: Ledger) -> datetime:
    """Now; just after the newest rows and publication where the clock was set back.

    Publications' times never run backwards, and none is before its rows' moment.
    """
    known = [p.published_at.astimezone(UTC).replace(tzinfo=None) for p in lake.log(1)]
    known += [ledger.newest] if ledger.newest else []
    tick = timedelta(microseconds=1)
    return max([utc_now(), *(moment + tick for moment in known)])


def _publish(settings: Settings, lake: Lake, branch: str) -> Publication | None:
    """Publish and drop the branch, which is worth nothing in either case."""
    try:
        tidy(lake, branch, partial(engine, settings, branch))
        seal(lake, branch)
        publication = lake.publish(branch, Provenance(who=settings.user))
    except BaseException:
        lake.drop_branch(branch)
        raise
    reach("ingest.published")
    try:
        lake.drop_branch(branch)
    except FirnError as error:  # published is published: `firn clean` drops it
        log.warning("branch %s is left: %s", branch, error)
    reach("ingest.branch-dropped")
    return publication


def _ledger(
    lake: Lake, con: duckdb.DuckDBPyConnection, branch: str, source: Source
) -> Ledger:
    loads = TableId(land.RAW, source.raw_name("loads"))
    if loads not in lake.pointers(branch):
        return Ledger()
    return Ledger.read(con, land.relation(source, "loads"))


def _check_rejects(source: Source, results: Sequence[LoadResult]) -> None:
    for table, result in zip(source.tables, results, strict=True):
        limit = source.max_reject_share_of(table)
        if not result.rejected or result.rejected <= limit * result.source_rows:
            continue
        share = result.rejected / result.source_rows
        raise GateError(
            f"{result.rejected:,} of {result.source_rows:,} rows do not fit "
            f"({share:.1%}, at most {limit:.1%}); nothing of this source was published",
            where=f"source {source.name}, table {table.name}",
            remedy=f'See why: firn sql "select {_looks(source)} '
            f"from raw.{source.raw_name('rejects')} where _load_id = "
            f"'{result.load_id}' group by reason\" --branch {_refused(source)}",
        )


def _looks(source: Source) -> str:
    """What a query of rejects shows; rows of people are not put on a screen by it."""
    personal = any(c.pii for table in source.tables for c in table.columns)
    shown = "min(_source_file), min(line_number)" if personal else "any_value(raw_line)"
    return f"reason, count(*), {shown}"


def _ignore(_: object) -> None:
    """Show nothing."""
