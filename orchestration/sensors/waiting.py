"""A task that starts, waits and ends in the triggerer."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.triggers.base import (
    BaseTrigger,
    StartTriggerArgs,
    TaskSkippedEvent,
    TaskSuccessEvent,
    TriggerEvent,
)
from asgiref.sync import sync_to_async

from orchestration.errors import FirnError


class WaitingTrigger(BaseTrigger):
    """Asks again and again, until there is an answer or its patience ends.

    Args:
        patience: Seconds after which the task is skipped; a triggerer that restarts
            counts anew.
        interval: Seconds between two questions.
    """

    def __init__(self, *, patience: float, interval: float, **asked: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.patience, self.interval, self.asked = patience, interval, asked

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """How another triggerer makes it anew."""
        name = f"{type(self).__module__}.{type(self).__qualname__}"
        own = {"patience": self.patience, "interval": self.interval}
        return name, {**own, **self.asked}

    def answer(self) -> str | None:
        """What is worth telling, once there is anything. Called in a thread."""
        raise NotImplementedError

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """End the task green with the answer in its log, or skipped without one."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                said = await sync_to_async(self.answer)()
            except FirnError as error:  # it may be mended while we wait
                self.log.warning("%s", error)
                said = None
            if said is not None:
                self.log.info(said)
                yield TaskSuccessEvent()
                return
            if time.monotonic() + self.interval > deadline:
                self.log.info("Nothing in %.0f s.", self.patience)
                yield TaskSkippedEvent()
                return
            await asyncio.sleep(self.interval)


class WaitingSensor(BaseOperator):
    """The task of a trigger that ends it."""

    start_from_trigger = True
    trigger: type[WaitingTrigger]

    def __init__(self, *, asked: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        name = f"{self.trigger.__module__}.{self.trigger.__qualname__}"
        self.asked = asked
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls=name, trigger_kwargs=asked, next_method="execute"
        )

    def execute(self, context: Context) -> None:  # noqa: ARG002
        """Wait in the triggerer, where a scheduler has not sent the task there."""
        self.defer(trigger=self.trigger(**self.asked), method_name="execute")
