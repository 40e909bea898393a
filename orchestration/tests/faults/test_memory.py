"""Queries larger than memory spill, each in a folder of its own, or fail clean."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.lake import spill
from orchestration.settings import Settings
from orchestration.tests.faults import invariants
from orchestration.tests.faults.mutants import IN_WORDS, SILENT
from orchestration.tests.faults.undisturbed import Undisturbed
from orchestration.tests.faults.world import World
from orchestration.tests.pages import fault, mutant

SECTION = "Disk, memory and clock"
AT_ONCE = "two queries spill at the same time"

# Spills, tells so, waits until the other has, too, and reads what it has spilled.
SPILLS = """
import sys, duckdb
from orchestration.lake import spill
from orchestration.settings import Settings
con = duckdb.connect(":memory:", config={"threads": 1})
spill.spill_to(con, Settings.load())
if len(sys.argv) > 2:
    con.execute(f"set temp_directory = '{sys.argv[2]}'")
con.execute("set memory_limit = '40MB'")
own = int(sys.argv[1])
con.execute(
    f"create temp table t as select i, repeat(chr(65 + {own}), 100) || i as s "
    "from range(600_000) r(i)"
)
print("spilled", flush=True)
sys.stdin.readline()
print(con.execute(
    f"select count(*) from t where s = repeat(chr(65 + {own}), 100) || i"
).fetchone()[0])
"""


def both(settings: Settings, *shared: str) -> list[tuple[int, str]]:
    """Two processes that spill at the same time: their exit codes and answers."""
    home = {"FIRN_HOME": str(settings.home)}
    children = [
        subprocess.Popen(
            [sys.executable, "-c", SPILLS, str(number), *shared],
            env=os.environ | home | {"FIRN_PROJECT_DIR": str(settings.project_dir)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for number in range(2)
    ]
    for child in children:
        assert child.stdout is not None
        while (said := child.stdout.readline()) and said != "spilled\n":
            pass  # DuckDB may show its progress
    ended = []
    for child in children:
        out, _ = child.communicate("go\n" if child.poll() is None else None)
        ended.append((child.returncode, (out.split() or [""])[-1]))
    return ended


@fault(SECTION, AT_ONCE, seen="nothing", rerun="-")
def test_two_processes_spill_apart(settings: Settings) -> None:
    assert both(settings) == [(0, "600000")] * 2


@mutant(AT_ONCE, guard="each connection spills into a folder of its own")
def test_in_one_folder_they_write_over_each_other(
    settings: Settings, tmp_path: Path
) -> None:
    assert both(settings, str(tmp_path / "shared")) != [(0, "600000")] * 2


@pytest.fixture
def dead(settings: Settings) -> Path:
    """What a process that was killed while it spilled has left."""
    killed = SPILLS.replace('print("spilled"', "import os; os.abort(); print(''")
    home = {"FIRN_HOME": str(settings.home)}
    done = subprocess.run(
        [sys.executable, "-c", killed, "0"],
        env=os.environ | home | {"FIRN_PROJECT_DIR": str(settings.project_dir)},
        capture_output=True,
        check=False,
    )
    assert done.returncode < 0
    [folder] = spill.spills(settings.home).iterdir()
    assert sum(one.stat().st_size for one in folder.rglob("*")) > 1_000_000
    return folder


LEFT = "killed while it spilled"


@fault(SECTION, LEFT, seen="-", rerun="the next process removes the files")
def test_what_a_killed_process_has_spilled_goes(settings: Settings, dead: Path) -> None:
    living = spill._process_folder(settings)
    assert not dead.exists()
    assert spill.sweep(settings.home) == []
    assert living.is_dir()


@mutant(LEFT, guard="the folders of processes that are gone are swept")
def test_unswept_it_stays(
    settings: Settings, dead: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spill, "sweep", lambda _: [])
    spill._process_folder(settings)
    assert dead.exists()


LARGER = "query larger than FIRN_MEMORY"


@fault(SECTION, LARGER, seen="nothing: it spills", rerun="-")
def test_a_query_larger_than_memory_spills(world: World) -> None:
    larger_than_memory(world)


@mutant(LARGER, guard="a connection has a folder to spill into")
def test_with_nowhere_to_spill_it_fails(world: World) -> None:
    nowhere = (
        "orchestration.lake.session:spill_to="
        "orchestration.tests.faults.mutants:nowhere_to_spill"
    )
    with pytest.raises(AssertionError):
        larger_than_memory(world, nowhere)


def larger_than_memory(world: World, mutant: str | None = None) -> None:
    """Sort 100 MB in 100 MB."""
    world.home.mkdir(exist_ok=True)
    query = (
        "select count(*), sum(length(s)) from (select repeat('x', 60) || i as s "
        "from range(1_500_000) r(i) order by hash(i))"
    )
    small = {"FIRN_MEMORY": "100MB"}
    done = world.firn("sql", query, "--format", "csv", env=small, mutant=mutant)
    assert done.code == 0, done
    assert done.out.splitlines()[1].startswith("1500000,")
    assert not list(spill.spills(world.home).rglob("*.tmp"))


CANNOT = "query that cannot spill"
HUGE = "select length(list(repeat('x', 90) || i)::varchar) from range(900000) r(i)"


@mutant(CANNOT, guard=IN_WORDS)
def test_out_of_memory_without_words(world: World) -> None:
    done = world.firn("sql", HUGE, env={"FIRN_MEMORY": "60MB"}, mutant=SILENT)
    assert "not enough memory" not in done.err


@fault(
    SECTION,
    CANNOT,
    seen="exit 3: not enough memory, FIRN_MEMORY, docs/runbooks/out-of-memory.md",
    rerun="works with more memory",
)
def test_a_query_that_cannot_spill_says_what_it_needs(world: World) -> None:
    done = world.firn("sql", HUGE, env={"FIRN_MEMORY": "60MB"})
    assert done.code == 3, done
    assert "not enough memory" in done.err
    assert "FIRN_MEMORY" in done.err
    assert world.firn("sql", HUGE).code == 0


@fault(
    SECTION,
    "ingest and build in little memory",
    seen="nothing: they spill, or exit 3",
    rerun="converges with more",
    unguarded="the limit is DuckDB's; see *query larger than FIRN_MEMORY*",
)
@pytest.mark.full
@pytest.mark.parametrize("memory", ["20MB", "60MB", "200MB"])
def test_a_run_in_little_memory(
    world: World, undisturbed: Undisturbed, memory: str
) -> None:
    world.drop(1)
    done = world.firn("run", env={"FIRN_MEMORY": memory})
    assert done.code in (0, 3), done
    if done.code:
        assert "not enough memory" in done.err
    world.run()
    invariants.check(world)
    invariants.converged(world, undisturbed)


def test_a_memory_that_is_no_size_is_wrong_use(world: World) -> None:
    done = world.firn("sql", "select 1", env={"FIRN_MEMORY": "much"})
    assert done.code == 2
    assert "FIRN_MEMORY" in done.err
