"""A build in stages, each in a process of its own: what a scheduler runs as tasks.

    open → build → judge → publish → report → close

It is the run of `build/run.py`, cut where a person wants to see it stop, and where it
can be taken up again. What one stage leaves for the next lies in the run's logs
(`stages.json`, `events.jsonl`) and on its branch.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from filelock import FileLock

from orchestration.build import arguments, rebuild
from orchestration.build.again import is_whole, known, newest, unfinished
from orchestration.build.artifacts import NodeResult
from orchestration.build.attempt import Attempt
from orchestration.build.dbt import Dbt
from orchestration.build.ended import ended, exists, gone, publication
from orchestration.build.events import EventLog
from orchestration.build.evidence import inputs_of
from orchestration.build.fingerprint import fingerprint
from orchestration.build.gates import Evidence, judge, refused
from orchestration.build.kept import Kept, keep, load, path_of
from orchestration.build.nothing_new import (
    Memory,
    Unchanged,
    freshness_is_due,
    unchanged,
)
from orchestration.build.result import RunResult
from orchestration.build.run import note_of
from orchestration.errors import SetupError
from orchestration.lake import Lake
from orchestration.lake.model import TableId
from orchestration.settings import Settings


def open_branch(
    settings: Settings,
    branch: str,
    dbt_args: Sequence[str] = (),
    *,
    force: bool = False,
    run: str = "",
) -> Unchanged | None:
    """Fork the run's branch, or return why nothing has to be built.

    Called again, for the same branch, it changes nothing.

    Args:
        run: The scheduler's name of the run, for links.

    Raises:
        UsageError: Bad arguments, or a project that does not parse.
        SetupError: The lake cannot be reached.
    """
    arguments.check(dbt_args)
    whole = arguments.is_whole(dbt_args)
    code = fingerprint(settings, dbt_args) if whole else None
    forced = force or arguments.is_full_refresh(dbt_args)
    with closing(Lake.open(settings)) as lake:
        if exists(lake, branch):
            if path_of(settings, branch).is_file():
                return None
            lake.drop_branch(branch)  # whoever forked it was killed before it said so
        path_of(settings, branch).unlink(missing_ok=True)  # of a branch that is gone
        memory = Memory(settings)
        idle = unchanged(lake, code, memory) if code and not forced else None
        if idle and not freshness_is_due(idle.built, datetime.now(UTC)):
            return idle
        stale = rebuild.reason(lake, memory)
        refresh = (arguments.FULL_REFRESH,) if stale and whole else ()
        kept = Kept(
            dbt_args=(*dbt_args, *refresh),
            fingerprint=code,
            note=note_of(stale, whole=whole),
            run=run,
        )
        attempt = _attempt(settings, lake, branch, kept)
        attempt.fork()
        keep(settings, branch, replace(kept, newest=attempt.newest))
    return None


def build(
    settings: Settings, branch: str, *, attempt: int = 1, verbose: bool = False
) -> RunResult:
    """Ask freshness, then build and test on the branch; what happens is in the events.

    A stale source ends it before anything is built. Called again it takes up what
    failed or was skipped, or all of it where the process before was killed.

    Args:
        attempt: Which try it is, for the events.

    Raises:
        SetupError: The machine or the lake said no; what is built stays on the branch.
    """
    with _on(settings, branch, verbose=verbose) as (before, work, events):
        events.began(attempt)
        work.evidence = Evidence()  # what failed before does not make a source stale
        with work.session() as runner:
            stale = work.freshness(runner)
            events.sources(work.evidence.sources)
            kept = before if stale else _built(before, work, runner, events)
            there = known(runner.manifest)
        earlier = (node for node in before.evidence.nodes if node.id in there)
        nodes = newest(earlier, work.evidence.nodes)
        work.evidence = replace(work.evidence, nodes=nodes)
        keep(settings, branch, replace(kept, evidence=work.evidence))
        events.complete()
        return work.result("refused" if refused(judge(work.evidence)) else "built")


def build_nodes(
    settings: Settings, branch: str, select: Sequence[str], *, tests: bool = False
) -> tuple[NodeResult, ...]:
    """Build some nodes again on the branch, each without what follows it.

    Args:
        select: Nodes as dbt selects them, such as `fqn:shop.marts.fct_orders`.
        tests: Whether all of them are tests.

    Raises:
        UsageError: The branch was published or dropped.
    """
    with _on(settings, branch) as (kept, work, events):
        part = replace(work, dbt_args=_only(kept, select))
        with part.session() as runner:
            results = part.build(runner, "test" if tests else "build")
        events.tell(results.nodes)
        nodes = newest(kept.evidence.nodes, results.nodes)
        work.evidence = replace(
            part.evidence,
            nodes=nodes,
            success=is_whole(kept.evidence, nodes),
            sources=kept.evidence.sources,
            source_sql=kept.evidence.source_sql,
        )
        keep(settings, branch, replace(kept, evidence=work.evidence))
        return results.nodes


def judge_branch(settings: Settings, branch: str) -> RunResult:
    """What the gates say of what was built."""
    with _on(settings, branch) as (kept, work, _):
        if not kept.dbt_invocation:
            raise SetupError(
                "there is no finished build to judge",
                where=f"branch {branch}",
                remedy="Run the build first; its log says why it did not end.",
            )
        return work.result("refused" if refused(judge(work.evidence)) else "built")


def publish(settings: Settings, branch: str) -> RunResult:
    """Publish the branch and drop it, if no gate objects; once for each run.

    Called again after it has published, or has found nothing to publish, it answers as
    it did then; also where it was killed before it could answer.

    Raises:
        UsageError: The branch is gone, and was not published.
    """
    with closing(Lake.open(settings)) as lake:
        if not exists(lake, branch):
            return ended(settings, lake, branch)
    with _on(settings, branch) as (kept, work, _):
        if refused(judge(work.evidence)) or not kept.dbt_invocation:
            return work.result("refused")
        same = not work.lake.diff(branch)
        keep(settings, branch, replace(kept, same=same))
        done = publication(work.lake, branch, kept) if same else None
        if done:  # whoever published it was killed before the branch was dropped
            work.newest = done.id
        result = work.land(map(TableId.parse, kept.inputs), kept.dbt_invocation)
        return work.result("published", publication=done) if done else result


def report(settings: Settings, branch: str) -> dict[str, int | float]:
    """Write dbt's docs of what `main` has now, and tell what the run took.

    Returns:
        Nodes, seconds of their work, rows written.

    Raises:
        SetupError: The run's stages left nothing that can be read.
    """
    kept = load(path_of(settings, branch))
    reading = f"{branch}_docs"
    with closing(Lake.open(settings)) as lake:
        if exists(lake, reading):
            lake.drop_branch(reading)  # whoever read from it was killed
        lake.create_branch(reading)
        try:
            with _attempt(settings, lake, reading, kept).session() as runner:
                runner.docs()
        finally:
            lake.drop_branch(reading)
    nodes = kept.evidence.nodes
    return {
        "nodes": len(nodes),
        "seconds": round(sum(node.seconds for node in nodes), 3),
        "rows_written": sum(node.added or 0 for node in nodes),
    }


def close(settings: Settings, branch: str) -> str:
    """Drop the branch if it was published: whoever did may have been killed then.

    Returns:
        What has become of it, as a sentence.

    Raises:
        SetupError: The run's stages left nothing that can be read.
    """
    with closing(Lake.open(settings)) as lake:
        if not exists(lake, branch):
            return "There is no branch to close."
        if not publication(lake, branch, load(path_of(settings, branch))):
            return f"Nothing was published: {branch} stays, to be read."
        lake.drop_branch(branch)
        return f"{branch} was published, and is dropped."


def run_of(settings: Settings, branch: str) -> str:
    """The scheduler's name of the run that the branch is of; empty if unknown."""
    try:
        return load(path_of(settings, branch)).run
    except SetupError:
        return ""


@contextmanager
def _on(
    settings: Settings, branch: str, *, verbose: bool = False
) -> Iterator[tuple[Kept, Attempt, EventLog]]:
    """What is known of a run. One process at a time works on its branch."""
    path = path_of(settings, branch)
    with (
        closing(Lake.open(settings)) as lake,
        FileLock(path.with_suffix(".lock")),
        closing(EventLog(path.parent)) as events,
    ):
        if not exists(lake, branch):
            raise gone(branch)
        kept = load(path)
        work = _attempt(settings, lake, branch, kept)
        work.progress, work.verbose = events, verbose
        yield kept, work, events


def _attempt(settings: Settings, lake: Lake, branch: str, kept: Kept) -> Attempt:
    return Attempt(
        settings=settings,
        lake=lake,
        branch=branch,
        dbt_args=kept.dbt_args,
        fingerprint=kept.fingerprint,
        note=kept.note,
        newest=kept.newest,
        evidence=kept.evidence,
        started=time.monotonic(),
    )


def _built(kept: Kept, work: Attempt, runner: Dbt, events: EventLog) -> Kept:
    """Build all of it, or in a second try what failed or was skipped."""
    again = unfinished(kept.evidence.nodes, known(runner.manifest))
    if kept.dbt_invocation and again:  # a gate may have refused what dbt built
        runner.args = _only(kept, again)
    results = work.build(runner)
    events.tell(results.nodes)
    return replace(
        kept,
        inputs=tuple(sorted(map(str, inputs_of(runner.manifest)))),
        dbt_invocation=results.invocation_id,
    )


def _only(kept: Kept, select: Sequence[str]) -> tuple[str, ...]:
    """dbt's arguments for these nodes, and no test that merely hangs on them."""
    chosen = ("--select", *select, "--indirect-selection", "empty")
    return (*arguments.shared(kept.dbt_args), *chosen)
