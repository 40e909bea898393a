"""A dbt node as a task of its own, which no worker process has to wait for.

One task builds the branch with dbt (`steps.build`) and writes what happens to the run's
events. The task of a node starts in the triggerer, where it waits for its node's event
and ends as its node did. Only a node that somebody cleared after the build goes to a
worker, which builds it anew on the same branch.
"""

import asyncio
import time
from collections.abc import (
    AsyncIterator,
    Collection,
    Mapping,
    Sequence,
)
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from airflow.triggers.base import (
    BaseTrigger,
    StartTriggerArgs,
    TaskFailedEvent,
    TaskSkippedEvent,
    TaskSuccessEvent,
    TriggerEvent,
)
from asgiref.sync import sync_to_async

from orchestration.build.artifacts import NodeResult
from orchestration.build.events import Event
from orchestration.errors import GateError
from orchestration.operators.names import branch_of
from orchestration.operators.news import POLL, News, Shown, newest
from orchestration.settings import Settings

_POLL_AGAIN = 1.0  # of a task that was cleared, which asks Airflow each time
_LEFT_OUT = {"skipped", "upstream_failed"}
_OVER = {"success", "failed", "removed", *_LEFT_OUT}


class NodeOperator(BaseOperator):
    """Shows what became of some nodes of the build.

    Args:
        nodes: dbt's ids: one of a model, seed, snapshot or source; those of all tests
            that a test task stands for.
        select: The same nodes as dbt selects them.
        build_task: The id of the task that runs dbt.
    """

    start_from_trigger = True
    ui_color = "#e8f4f8"

    def __init__(
        self,
        *,
        nodes: Sequence[str],
        select: Sequence[str],
        build_task: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(trigger_rule="always", retries=0, **kwargs)
        # The run's parameters are the DAG's; with a copy for each of n nodes, Airflow
        # would keep n times as many.
        self.params = ParamsDict()
        self.nodes = list(nodes)
        self.select = list(select)
        self.build_task = build_task
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls=f"{NodeTrigger.__module__}.{NodeTrigger.__qualname__}",
            trigger_kwargs={"nodes": self.nodes, "build_task": build_task},
            next_method="build_again",
        )

    def execute(self, context: Context) -> None:  # noqa: ARG002
        """Wait in the triggerer, where a scheduler has not sent the task there."""
        self.defer(
            trigger=NodeTrigger(nodes=self.nodes, build_task=self.build_task),
            method_name="build_again",
        )

    def build_again(self, context: Context, event: Mapping[str, Any]) -> None:  # noqa: ARG002
        """On a worker: build the nodes once more on the run's branch.

        Raises:
            GateError: One of them failed.
        """
        from orchestration.build.stages import build_nodes  # noqa: PLC0415 - imports dbt

        run = context["dag_run"]
        branch = branch_of(run.dag_id, run.run_id)
        tests = all(name.startswith(("test.", "unit_test.")) for name in self.nodes)
        settings = Settings.load()
        results = build_nodes(settings, branch, self.select, tests=tests)
        for line in _lines(results):
            self.log.info(line)
        folder = settings.log_dir / branch
        shown = Shown(folder, self.task_id, attempt=context["ti"].try_number)
        shown.note(newest(folder, self.nodes))
        failed = [node.name for node in results if node.outcome == "failed"]
        if failed:
            raise GateError(
                f"{', '.join(failed)} failed again",
                where=f"branch {branch}",
                remedy="See the log above; correct the model, and clear the task.",
            )


class NodeTrigger(BaseTrigger):
    """Waits in the triggerer until its nodes have ended, and ends the task likewise."""

    def __init__(self, nodes: Sequence[str], build_task: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.nodes = list(nodes)
        self.build_task = build_task

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """How another triggerer makes it anew."""
        name = f"{type(self).__module__}.{type(self).__qualname__}"
        return name, {"nodes": self.nodes, "build_task": self.build_task}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """End the task as its nodes ended, or send it to a worker to build them."""
        task = self._task
        branch = branch_of(task.dag_id, task.run_id)
        news = News.of(Settings.load().log_dir / branch)
        shown = Shown(news.folder, task.task_id, attempt=task.try_number)
        before, started = shown.newest(), time.monotonic()
        while len(news.of_nodes(self.nodes, after=before)) < len(self.nodes):
            state = await self._build_state(news, started, again=before > 0)
            if state in _OVER:
                # Read after Airflow was asked: all that the build wrote is there.
                found = news.of_nodes(self.nodes, after=before, at_once=True)
                if found and (news.complete or len(found) == len(self.nodes)):
                    break
                if found or not before or state in _LEFT_OUT:
                    yield self._without_result(state, found, news)
                    return
                if self.nodes[0].startswith("source."):
                    break  # nothing can be built: it shows once more how old it is
                if await self._is_next():
                    yield TriggerEvent({"nodes": self.nodes})  # type: ignore[no-untyped-call]
                    return
            await asyncio.sleep(_POLL_AGAIN if before else POLL)
        events = news.of_nodes(self.nodes).values()
        results = [event.node for event in events if event.node]
        for line in _lines(results):
            self.log.info(line)
        shown.note(max(event.number for event in events))
        yield _end(results)

    @property
    def _task(self) -> Any:
        """The task that waits; Airflow has set it when it calls `run`."""
        return self.task_instance

    async def _states(self, *others: str) -> Mapping[str, str | None]:
        task = self._task
        states = await sync_to_async(RuntimeTaskInstance.get_task_states)(
            dag_id=task.dag_id,
            task_ids=[self.build_task, *others],
            run_ids=[task.run_id],
        )
        found: Mapping[str, str | None] = states.get(task.run_id, {})
        return found

    async def _build_state(
        self, news: "News", started: float, *, again: bool
    ) -> str | None:
        if again:
            return (await self._states()).get(self.build_task)
        return await news.build_state(self._states, self.build_task, since=started)

    async def _is_next(self) -> bool:
        """Whether all that comes before it in the graph has ended."""
        above = set(getattr(self.task, "upstream_task_ids", ())) - {self.build_task}
        states = await self._states(*above)
        return all(states.get(name) in _OVER for name in above)

    def _without_result(
        self, state: str, found: Mapping[str, Event], news: "News"
    ) -> TriggerEvent:
        """The build is over and has not spoken of all these nodes."""
        missing = [name for name in self.nodes if name not in found]
        if news.complete or state in _LEFT_OUT:
            self.log.info("Not part of this build: %s", ", ".join(missing))
            return TaskSkippedEvent()
        self.log.error(
            "The build ended before %s. See the log of %s.",
            ", ".join(missing),
            self.build_task,
        )
        return TaskFailedEvent()


def _lines(results: Collection[NodeResult]) -> list[str]:
    """What a person wants to read in the task's log."""
    lines = []
    for node in results:
        facts = [f"{node.name}: {node.status} in {node.seconds:.2f} s"]
        if node.rows is not None:
            facts.append(f"{node.rows:,} rows")
        if node.added is not None:
            facts.append(f"{node.added:,} of them written now")
        if node.failures:
            facts.append(f"{node.failures:,} failing rows")
        if node.message and node.outcome != "ok":
            facts.append(node.message.strip())
        lines.append(", ".join(facts))
    return lines


def _end(results: Collection[NodeResult]) -> TriggerEvent:
    outcomes = {node.outcome for node in results}
    if "failed" in outcomes:
        return TaskFailedEvent()
    if outcomes == {"skipped"}:
        return TaskSkippedEvent()
    rows: Any = {node.name: node.rows for node in results if node.rows is not None}
    return TaskSuccessEvent(xcoms={"rows": rows} if rows else None)
