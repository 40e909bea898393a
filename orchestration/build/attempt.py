"""One build on one branch, from the fork to the verdict. Imports dbt.

Every step is a method that takes what the one before it left: nothing is published
before the last of them.
"""

import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from orchestration.build import arguments, dbt, rows
from orchestration.build.arguments import is_full_refresh
from orchestration.build.artifacts import Results
from orchestration.build.evidence import inputs_of, source_sql, volumes
from orchestration.build.gates import Evidence, Finding, judge, refused
from orchestration.build.nothing_new import Built, Memory, Unchanged
from orchestration.build.progress import Progress, Silent
from orchestration.build.project import refuse_leading_out
from orchestration.build.provenance import provenance
from orchestration.build.result import Refusal, RunResult, Status
from orchestration.build.watch import Watcher
from orchestration.errors import ConflictError, FirnError
from orchestration.failpoints import reach
from orchestration.lake import Lake
from orchestration.lake.compact import tidy
from orchestration.lake.model import Publication, TableId
from orchestration.lake.preflight import require_readable
from orchestration.lake.session import engine
from orchestration.lake.sums import seal
from orchestration.settings import MAIN, Settings
from orchestration.trouble import CatalogLostError, explain, explain_text


@dataclass(kw_only=True)
class Attempt:
    """A run's branch and what is known about it so far.

    `fingerprint` is None when the build is partial: then the publication must not
    claim that `main` holds what the whole project makes. `started` is the monotonic
    clock at the start of everything, `newest` the last publication before the fork,
    `note` what whoever asked for the build has to know about it.
    """

    settings: Settings
    lake: Lake
    branch: str
    dbt_args: tuple[str, ...]
    fingerprint: str | None
    started: float
    verbose: bool = False
    progress: Progress = field(default_factory=Silent)
    note: str = ""
    evidence: Evidence = field(default_factory=Evidence)
    newest: int = 0

    @property
    def logs(self) -> Path:
        """dbt's log of this run, and the queries that show what the gates found."""
        return self.settings.log_dir / self.branch

    def publish(self) -> RunResult:
        """Build, judge, and publish when no gate objects."""
        with self._on_branch() as runner:
            if self.freshness(runner):
                return self._stale()
            reach("build.fresh")
            results = self.build(runner)
            reach("build.built")
            if refused(judge(self.evidence)):
                return self.result("refused")
            reach("build.judged")
            return self.land(inputs_of(runner.manifest), results.invocation_id)

    def ask_freshness(self, idle: Unchanged) -> RunResult:
        """Only look whether a source went stale since `idle` was built."""
        with self._on_branch() as runner:
            if self.freshness(runner):
                return self._stale()
        self._remember(idle.built)
        self.lake.drop_branch(self.branch)
        return replace(self.result("unchanged"), branch=None, reason=idle.reason)

    @contextlib.contextmanager
    def _on_branch(self) -> Iterator[dbt.Dbt]:
        self.fork()
        try:
            reach("build.branch-created")
            with self.session() as runner:
                yield runner
        except Exception as error:
            # Nothing on it to look at; or DuckDB has deleted what it wrote for a commit
            # whose answer it lost, although the commit may have landed.
            if isinstance(error, CatalogLostError) or not self.lake.diff(self.branch):
                self.lake.drop_branch(self.branch)
            raise

    def fork(self) -> None:
        """Make the branch, once it is clear that a build can begin."""
        dbt.check(self.dbt_args)
        refuse_leading_out(self.settings.project_dir, home=self.settings.home)
        self.logs.mkdir(parents=True, exist_ok=True)
        self.newest = next((p.id for p in self.lake.log(1)), 0)
        if not is_full_refresh(self.dbt_args):  # which makes damaged tables anew
            require_readable(self.lake, MAIN)
        self.lake.create_branch(self.branch)

    @contextlib.contextmanager
    def session(self) -> Iterator[dbt.Dbt]:
        """Give the commands of dbt on the branch, for the length of a block."""
        watcher = Watcher(
            self.lake,
            self.branch,
            self.progress,
            since_ms=time.time_ns() // 1_000_000,
        )
        runner = dbt.Dbt(
            settings=self.settings,
            args=self.dbt_args,
            logs=self.logs,
            verbose=self.verbose,
            on_event=watcher,
        )
        with dbt.session(self.settings, branch=self.branch):
            yield runner

    def _blame_machine(self, messages: Iterable[str]) -> None:
        """Raise what the machine lacks, if that is why something failed."""
        for message in messages:
            if trouble := explain_text(message, catalog_log=self._catalog_log):
                raise trouble

    @property
    def _catalog_log(self) -> str:
        return str(self.settings.log_dir / "catalog.log")

    def freshness(self, runner: dbt.Dbt) -> bool:
        """Return whether a source is too old to build on."""
        self.progress.step("source freshness")
        ages = runner.freshness()
        self._blame_machine(age.message for age in ages if age.outcome == "failed")
        self.evidence = replace(
            self.evidence, sources=ages, source_sql=source_sql(runner.manifest)
        )
        return refused(judge(self.evidence))

    def _stale(self) -> RunResult:
        """Nothing was built: `main` shows what there is to see."""
        result = self.result("refused")
        if self.lake.diff(self.branch):
            return result
        self.lake.drop_branch(self.branch)
        state = f"--branch {self.branch} "
        looks = (
            replace(one, look=one.look and one.look.replace(state, ""))
            for one in result.refusals
        )
        return replace(result, branch=None, refusals=tuple(looks))

    def build(self, runner: dbt.Dbt, command: str = "build") -> Results:
        """Run `dbt build`, and take up as evidence what it came to."""
        self.progress.step(f"dbt build ({self.note})" if self.note else "dbt build")
        results, success = runner.build(command)
        if success and not results.nodes and self.dbt_args:
            raise arguments.nothing_selected(self.dbt_args)
        watcher = runner.on_event
        assert isinstance(watcher, Watcher)
        # A test that found rows says so in words of its data: those blame nobody.
        broken = (
            n for n in results.nodes if n.outcome == "failed" and n.status != "fail"
        )
        self._blame_machine(node.message for node in broken)
        nodes = tuple(watcher.sized(node) for node in results.nodes)
        if success:
            tidy(self.lake, self.branch, partial(engine, self.settings, self.branch))
        self.progress.step("gates")
        self.evidence = replace(
            self.evidence,
            nodes=nodes,
            success=success,
            volumes=volumes(self.lake.diff(self.branch), runner.manifest),
        )
        return replace(results, nodes=nodes)

    def land(self, sources: Iterable[TableId], dbt_invocation: str) -> RunResult:
        """Publish the branch as it is, drop it, and remember what `main` has.

        Args:
            sources: The tables that the build has read and not made.
            dbt_invocation: dbt's id of the build.
        """
        self.progress.step("publish")
        inputs = rows.snapshot_ids(
            self.lake, self.branch, self.lake.pointers(self.branch), set(sources)
        )
        why = provenance(
            self.settings,
            dbt_invocation=dbt_invocation,
            fingerprint=self.fingerprint,
            inputs=inputs,
        )
        seal(self.lake, self.branch)
        try:
            publication = self.lake.publish(self.branch, why)
        except ConflictError as conflict:
            return self.result("conflict", conflict=conflict)
        reach("build.published")
        try:
            self._leave(publication.id if publication else self.newest, inputs)
        except (FirnError, OSError) as error:
            if publication is None:
                raise
            # Published is published: the next run takes up what is left.
            trouble = explain(error, catalog_log=self._catalog_log) or error
            self.note += "; " if self.note else ""
            self.note += f"it is published, but its branch may be left: {trouble}"
        if publication is None:
            reason = "the build made no table different from main's"
            reason += f"; {self.note}" if self.note else ""
            return replace(self.result("unchanged"), reason=reason)
        return self.result("published", publication=publication)

    def _leave(self, since: int, inputs: Mapping[str, int | None]) -> None:
        """Drop the branch, and remember what `main` holds since that publication."""
        self.lake.drop_branch(self.branch)
        reach("build.branch-dropped")
        if self.fingerprint:
            self._remember(
                Built(since=since, fingerprint=self.fingerprint, inputs=inputs)
            )

    def _remember(self, built: Built) -> None:
        Memory(self.settings).keep(built, self.evidence.sources, datetime.now(UTC))
        reach("build.remembered")

    def result(
        self,
        status: Status,
        *,
        publication: Publication | None = None,
        conflict: ConflictError | None = None,
    ) -> RunResult:
        """What the run has come to, with how to look at what the gates found."""
        return RunResult(
            status=status,
            branch=self.branch,
            seconds=time.monotonic() - self.started,
            reason=str(conflict) if conflict else self.note,
            nodes=self.evidence.nodes,
            refusals=tuple(
                self._refusal(found, state=_state(self.branch, status, publication))
                for found in judge(self.evidence)
            ),
            publication=publication,
            conflict=conflict,
            logs=self.logs,
        )

    def _refusal(self, found: Finding, *, state: str) -> Refusal:
        """Keep the query beside the log: target/ belongs to whoever builds next."""
        if found.gate == "volume":
            return Refusal(finding=found, look=f"firn diff {self.branch}")
        if not found.sql:
            return Refusal(finding=found)
        path = self.logs / f"{found.subject}.sql"
        try:
            path.write_text(found.sql.strip() + "\n", encoding="utf-8")
        except OSError:  # what was found is worth more than where to look
            return Refusal(finding=found)
        shown = path
        if path.is_relative_to(self.settings.project_dir):
            shown = path.relative_to(self.settings.project_dir)
        return Refusal(finding=found, look=f"firn sql {state}--file {shown}")


def _state(branch: str, status: Status, publication: Publication | None) -> str:
    """Where the rows are that a gate looked at: the branch is gone once published."""
    if status in ("refused", "conflict"):
        return f"--branch {branch} "
    return f"--at {publication.id} " if publication else ""
