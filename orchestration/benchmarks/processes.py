"""CPU seconds of processes: of a command, and of a tree of them while it lives (Linux).

A process's own seconds and those of the children that it has waited for are the
kernel's figures: a child that has ended is counted with its parent.
"""

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_COMPONENTS = ("scheduler", "triggerer", "dag-processor", "api-server")
# By its own name, or ours for it: `orchestration.scheduler.triggerer`.
_RUNS = {
    name: re.compile(rf"(airflow |scheduler\.component ){name.replace('-', '[-_]')}\b")
    for name in _COMPONENTS
}
_TRIES = 5


@dataclass(frozen=True)
class Seen:
    """A process: its parent, its command, CPU seconds with those of ended children."""

    pid: int
    parent: int
    command: str
    seconds: float


def run(command: list[str], *, cwd: Path, environ: Mapping[str, str]) -> float:
    """Run a command; returns its CPU seconds, with those of its children.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    started = subprocess.Popen(
        command, cwd=cwd, env=dict(environ), stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)  # it is not there any more
    if started.returncode:
        raise subprocess.CalledProcessError(started.returncode, command)
    return usage.ru_utime + usage.ru_stime


def tree(pid: int) -> list[Seen]:
    """A process and all below it, seen at one moment: no process comes or goes."""
    seen = _look(pid)
    for _ in range(_TRIES):
        again = _look(pid)
        if {one.pid for one in again} == {one.pid for one in seen}:
            return again
        seen = again
    return seen


def by_component(processes: Iterable[Seen]) -> dict[str, float]:
    """CPU seconds of Airflow's components, each with all that it has started."""
    known = {one.pid: one for one in processes}
    found = dict.fromkeys((*_COMPONENTS, "other"), 0.0)
    for one in known.values():
        found[_component(one, known)] += one.seconds
    return found


def parsed(stat: str, command: str) -> Seen:
    """A process, from the text of /proc/<pid>/stat and its command."""
    # The name of the program, in brackets, may hold blanks and brackets itself.
    pid, _, rest = stat.partition(" (")
    fields = rest.rpartition(") ")[2].split()
    ticks = sum(map(int, fields[11:15]))  # user, system, and both of ended children
    return Seen(int(pid), int(fields[1]), command, ticks / os.sysconf("SC_CLK_TCK"))


def _component(one: Seen, known: Mapping[int, Seen]) -> str:
    """The nearest process above it that is a component's own."""
    at: Seen | None = one
    while at is not None:
        for name in _COMPONENTS:
            if _RUNS[name].search(at.command):
                return name
        at = known.get(at.parent)
    return "other"


def _look(pid: int) -> list[Seen]:
    """The process and those below it, each after its parent."""
    every = {one.pid: one for one in _all()}
    below = [every[pid]]
    for above in below:
        below += [one for one in every.values() if one.parent == above.pid]
    return below


def _all() -> Iterator[Seen]:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
            yield parsed(
                (folder / "stat").read_text(), command.decode(errors="replace")
            )
