"""Progress on stderr for whoever watches: a line a node, a spinner for what runs."""

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from orchestration.build.progress import Progress, Silent
from orchestration.cli.output import hint, interactive

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from orchestration.build.artifacts import NodeResult
    from orchestration.ingestion.result import LoadResult


class Watching(Progress, Protocol):
    """A build's progress, and an ingest's."""

    def landed(self, load: "LoadResult") -> None:
        """One table was landed."""


class Quiet(Silent):
    """For pipes and schedulers: the summary says all but why nothing happens."""

    def step(self, what: str) -> None:
        """Say what is waited for: that may take as long as somebody else's load."""
        if "waits" in what:
            hint(what)

    def landed(self, load: "LoadResult") -> None:
        """Say nothing."""


@contextlib.contextmanager
def watching(*, verbose: bool = False) -> Iterator[Watching]:
    """Show progress where stderr is a terminal; with `verbose` dbt speaks instead."""
    if verbose or not interactive():
        yield Quiet()
        return
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    with console.status("starting") as status:
        yield Terminal(console, status)


class Terminal:
    """Finished nodes scroll by; the last line names what is running."""

    def __init__(self, console: "Console", status: "Status") -> None:
        self._console = console
        self._status = status
        self._step = ""
        self._running: dict[str, float] = {}

    def step(self, what: str) -> None:
        """Name the stage."""
        self._step = what
        self._refresh()

    def started(self, node_id: str) -> None:
        """Add to what is running."""
        self._running[node_id] = time.monotonic()
        self._refresh()

    def finished(self, node: "NodeResult") -> None:
        """Print the node's line."""
        self._running.pop(node.id, None)
        sign, color = _LOOKS.get(node.outcome, ("✗", "red"))
        rows = "" if node.rows is None else f"{node.rows:,} rows"
        if node.added is not None and node.added != node.rows:
            rows += f" ({node.added:,} written)"
        if node.failures:
            rows = f"{node.failures:,} failing rows"
        name = node.relation or node.name
        line = f"[{color}]{sign}[/] {name}  [dim]{rows}  {node.seconds:.2f} s[/]"
        self._console.print(line)
        self._refresh()

    def landed(self, load: "LoadResult") -> None:
        """Print the load's line."""
        if load.files:
            self._console.print(
                f"[green]✓[/] raw.{load.source}__{load.table}  "
                f"[dim]{load.landed:,} rows landed  {load.seconds:.2f} s[/]"
            )

    def _refresh(self) -> None:
        names = ", ".join(".".join(n.split(".")[2:3]) for n in list(self._running))
        self._status.update(f"{self._step}  [dim]{names}[/]")


_LOOKS = {
    "ok": ("✓", "green"),
    "warn": ("!", "yellow"),
    "skipped": ("-", "dim"),
}
