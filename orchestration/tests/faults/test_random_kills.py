"""200 kills at random instants: ten chains of days, twenty kills each.

`pytest orchestration/tests/faults/test_random_kills.py -m full -n 2` is the one
command; `FIRN_KILL_SEED` chooses other instants. Kills hit the call, the catalog's
server, or both, while a reader asks `main` without pause.
"""

import logging
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

import pytest

from orchestration.lake.session import connect
from orchestration.tests.faults import invariants
from orchestration.tests.faults.reader import Reader
from orchestration.tests.faults.undisturbed import Undisturbed
from orchestration.tests.faults.world import Done, World
from orchestration.tests.pages import fault, mutant

log = logging.getLogger(__name__)

CHAINS = 10
KILLS = 20
DAYS = 5
SEED = int(os.environ.get("FIRN_KILL_SEED", "1"))
VERBS = {"run": 10, "ingest": 4, "build": 4, "publish": 2, "clean": 2}
COMMANDS = {
    "run": ("run",),
    "ingest": ("ingest",),
    "build": ("build", "--force"),
    "clean": ("clean", "--older-than", "0"),
}


@dataclass
class Chain:
    """One project, its days, and the kills that it has survived."""

    world: World
    chance: random.Random
    mutant: str | None = None
    kills: Counter[str] = field(default_factory=Counter)
    # Seconds that a call took when it was last left alone.
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(VERBS, 6.0))

    def day(self, day: int, kills: int) -> None:
        """Drop a day, kill what works on it, and let one run end."""
        self.world.drop(day)
        wanted = self.kills.total() + kills
        while self.kills.total() < wanted:
            self._kill_one(self._verb())
            invariants.check(self.world)
        self._complete()
        invariants.check(self.world)

    def rollback(self, kills: int) -> None:
        """Kill rollbacks of the newest build, roll it back for good, build again."""
        newest = str(self._newest_build())
        wanted = self.kills.total() + kills
        while self.kills.total() < wanted:
            self._kill_one("rollback", "rollback", newest)
            invariants.check(self.world)
            if self._newest_build() != int(newest):
                break  # it went through, killed after its commit or not at all
        assert self.world.firn("rollback", newest).code in (0, 2)
        invariants.check(self.world)
        self._complete("--force")
        invariants.check(self.world)

    def top_up(self, kills: int) -> None:
        """Kill runs with nothing new to do until there were so many kills in all."""
        while self.kills.total() < kills:
            self._kill_one("build")
            invariants.check(self.world)
        self._complete("--force")
        invariants.check(self.world)

    def _verb(self) -> str:
        verbs, weights = zip(*VERBS.items(), strict=True)
        [verb] = self.chance.choices(verbs, weights)
        return str(verb)

    def _kill_one(self, verb: str, *command: str) -> None:
        if verb == "publish":
            command = ("publish", self._branch_to_publish())
        started, newest = time.monotonic(), self.world.newest()
        child = self.world.start(*(command or COMMANDS[verb]), mutant=self.mutant)
        instant = self.chance.uniform(0, self.seconds.get(verb, 1.0))
        try:
            child.wait(timeout=instant)
        except subprocess.TimeoutExpired:
            self._strike(verb, child)
        else:
            self.seconds[verb] = time.monotonic() - started
        out, err = child.communicate(timeout=600)
        assert child.returncode in (-signal.SIGKILL, 0, 1, 2, 3), (verb, err)
        self.world.last = Done(child.returncode, out, err, newest)
        self.world.end(child)

    def _strike(self, verb: str, child: subprocess.Popen[str]) -> None:
        victim = self.chance.choice(("call", "call", "call", "both", "catalog"))
        pid = self.world.catalog_pid()
        if victim != "call" and pid is not None:
            os.kill(pid, signal.SIGKILL)
        if victim != "catalog" or pid is None:
            child.kill()
        self.kills[verb] += 1

    def _branch_to_publish(self) -> str:
        """A branch with two tables that belong together."""
        name = f"fix_{self.chance.randrange(10**9)}"
        with closing(self.world.lake()) as lake:
            lake.create_branch(name)
        with closing(connect(self.world.settings, name)) as con:
            con.execute("create schema if not exists lake.x")
            for one in ("a", "b"):
                con.execute(f"create table lake.x.{one}_{name} as select 1 as i")
        return name

    def _complete(self, *arguments: str) -> None:
        started = time.monotonic()
        self.world.run(*arguments, mutant=self.mutant)
        if not arguments:
            self.seconds["run"] = time.monotonic() - started

    def _newest_build(self) -> int:
        with closing(self.world.lake()) as lake:
            undone: set[int] = set()
            for one in lake.log(1000):
                if one.reverts:
                    undone.add(one.reverts)
                elif one.branch.startswith("run_") and one.id not in undone:
                    return one.id
        raise AssertionError("there is no build")


def assert_pairs(world: World) -> None:
    """Assert that of each branch that was published by hand all came, or nothing."""
    with closing(world.lake()) as lake:
        names = [t.name for t in lake.pointers("main") if t.namespace == "x"]
    halves = [{n[2:] for n in names if n.startswith(side)} for side in ("a_", "b_")]
    assert halves[0] == halves[1], names


@pytest.mark.full
@pytest.mark.parametrize("number", range(CHAINS))
@fault(
    "Kills",
    f"{CHAINS * KILLS} kills -9 at random instants of run, ingest, build, publish, "
    "rollback and clean-up, of the call, the catalog, or both",
    seen="exit 137, or exit 3 where the catalog was killed; `main` is whole",
    rerun="completes the day",
)
def test_kills_at_random_instants(
    number: int,
    world: World,
    undisturbed: Undisturbed,
    record_property: Callable[[str, object], None],
) -> None:
    seed = SEED * 1000 + number
    chain = Chain(world, random.Random(seed))
    log.warning("chain %s: FIRN_KILL_SEED=%s", number, SEED)
    with Reader(world) as reader:
        for day in range(1, DAYS + 1):
            chain.day(day, KILLS // DAYS - (day in (2, 4)))
            if day in (2, 4):
                chain.rollback(1)
            assert_pairs(world)
            reader.assert_whole()
        chain.top_up(KILLS)
    log.warning("chain %s: %s, %s reads", number, dict(chain.kills), reader.reads)
    record_property("kills", dict(chain.kills))
    assert chain.kills.total() == KILLS
    invariants.converged(world, undisturbed)


@pytest.mark.full
@mutant(
    f"{CHAINS * KILLS} kills -9 at random instants of run, ingest, build, publish, "
    "rollback and clean-up, of the call, the catalog, or both",
    guard="nothing is published before the last model and the gates",
)
def test_random_kills_find_a_publish_model_by_model(world: World) -> None:
    piecemeal = (
        "orchestration.build.watch:Watcher.__call__="
        "orchestration.tests.faults.mutants:publish_each"
    )
    chain = Chain(world, random.Random(SEED), mutant=piecemeal)

    def days() -> None:
        with Reader(world):
            for day in (1, 2):
                chain.day(day, 2)

    with pytest.raises(AssertionError):
        days()
