"""The disk is full, or cannot be written: it is said, and nothing is half-published."""

import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.tests.faults import invariants
from orchestration.tests.faults.disks import read_only, small
from orchestration.tests.faults.mutants import IN_WORDS, SILENT
from orchestration.tests.faults.undisturbed import Undisturbed
from orchestration.tests.faults.world import Done, World
from orchestration.tests.pages import fault, mutant

SECTION = "Disk, memory and clock"
SEEN = "exit 3: the disk is full, where, and how to make room"


def says(done: Done, what: str) -> None:
    """It ended with 3, said what, and showed no trace."""
    assert done.code == 3, done
    assert what in done.out + done.err, done
    assert "Traceback" not in done.out + done.err, done


def told(done: Done) -> None:
    """It says that the disk is full, whether before or after it was published."""
    if done.code:
        says(done, "the disk is full")
    else:  # published: only what follows had no room
        assert "the disk is full" in done.out, done
        assert "it is published" in done.out, done
    assert "firn clean --dry-run" in done.out + done.err
    assert "disk-full.md" in done.out + done.err


@pytest.mark.parametrize(
    "leave",
    [
        pytest.param(0, marks=pytest.mark.full),
        pytest.param(20_000, marks=pytest.mark.full),
        60_000,
        pytest.param(100_000, marks=pytest.mark.full),
        pytest.param(150_000, marks=pytest.mark.full),
        pytest.param(200_000, marks=pytest.mark.full),
        pytest.param(300_000, marks=pytest.mark.full),
    ],
)
@fault(SECTION, "disk of the whole lake full", seen=SEEN, rerun="converges")
@pytest.mark.full
def test_a_full_disk_is_named(
    world: World, undisturbed: Undisturbed, leave: int
) -> None:
    with small(world.home, kilobytes=8_000) as disk:
        world.drop(1)
        world.run()
        world.drop(2)
        disk.fill(leave=leave)
        done = world.firn("run")
        disk.free()
        told(done)
        invariants.check(world)
        world.run()
        invariants.check(world)
        invariants.converged(world, undisturbed)
        world.stop_catalog()


@mutant("disk of the whole lake full", guard="a full disk is told from other errors")
@pytest.mark.full
def test_an_unexplained_full_disk_is_a_riddle(world: World) -> None:
    with small(world.home, kilobytes=8_000) as disk:
        world.drop(1)
        world.run()
        world.drop(2)
        disk.fill(leave=0)
        done = world.firn("run", mutant=SILENT)
        disk.free()
        with pytest.raises(AssertionError):
            says(done, "the disk is full")
        world.stop_catalog()


@pytest.mark.parametrize(
    ("place", "kilobytes"),
    [
        pytest.param("warehouse", 2_000, marks=pytest.mark.full),
        pytest.param("logs", 400, marks=pytest.mark.full),
        pytest.param("target", 4_000, marks=pytest.mark.full),
    ],
)
@fault(
    SECTION,
    "one folder's disk full",
    seen=SEEN,
    rerun="converges",
    unguarded="by the guard of *disk of the whole lake full*",
)
def test_a_folder_on_a_full_disk_is_named(
    world: World, undisturbed: Undisturbed, place: str, kilobytes: int
) -> None:
    folder = world.folder / "target" if place == "target" else world.home / place
    world.home.mkdir(exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    with small(folder, kilobytes=kilobytes) as disk:
        world.drop(1)
        world.run()
        world.drop(2)
        if place == "target":  # what is there would be written over
            shutil.rmtree(folder / "compiled", ignore_errors=True)
            for file in folder.glob("*.*"):
                file.unlink()
        disk.fill(leave=0)
        done = world.firn("run")
        disk.free()
        says(done, "the disk is full")
        world.run()
        invariants.check(world)
        invariants.converged(world, undisturbed)
        world.stop_catalog()


def limit(size: int) -> Callable[[], None]:
    """No file of a process may be larger; Python ignores the signal that comes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.full
@pytest.mark.parametrize(
    "size",
    [
        1_000,
        8_000,
        30_000,
        100_000,
        200_000,
    ],
)
@fault(
    SECTION,
    "files larger than RLIMIT_FSIZE",
    seen="exit 3, with what could not be written",
    rerun="converges",
    unguarded="the system refuses, and any error that nobody foresaw is exit 3",
)
def test_files_that_may_not_grow(
    world: World, undisturbed: Undisturbed, size: int
) -> None:
    world.drop(1)
    world.run()
    world.drop(2)
    world.stop_catalog()
    done = world.firn("run", "--format", "json", preexec=limit(size))
    world.stop_catalog()  # it has the limit, too
    if done.code:  # the larger limits may be large enough
        assert done.code == 3, done
        assert "Traceback" not in done.out + done.err
    else:
        assert size >= 100_000
    invariants.check(world)
    world.run()
    invariants.check(world)
    invariants.converged(world, undisturbed)


STDOUT = "stdout on a full disk"


@fault(SECTION, STDOUT, seen=SEEN, rerun="-")
def test_an_answer_that_cannot_be_written(world: World) -> None:
    answer_into_a_full_disk(world)


@mutant(STDOUT, guard=IN_WORDS)
def test_an_answer_that_cannot_be_written_without_words(world: World) -> None:
    with pytest.raises(AssertionError):
        answer_into_a_full_disk(world, SILENT)


def answer_into_a_full_disk(world: World, mutant: str | None = None) -> None:
    """Ask, and have the answer go where no room is."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")

    def answer() -> None:
        with full.open("w") as file:
            os_dup2(file.fileno())

    world.drop(1)
    world.firn("ingest")
    for call in (["log"], ["sql", "from raw.shop__orders"], ["log", "--format=json"]):
        done = world.firn(*call, preexec=answer, mutant=mutant)
        says(done, "the disk is full")


def os_dup2(descriptor: int) -> None:
    """Make it stdout."""
    import os  # noqa: PLC0415 - in the child

    os.dup2(descriptor, 1)


@pytest.mark.parametrize(
    "place",
    [
        "home",
        pytest.param("warehouse", marks=pytest.mark.full),
        pytest.param("project", marks=pytest.mark.full),
    ],
)
@fault(
    SECTION,
    "folder that is read-only",
    seen="exit 3: it cannot be written, and which",
    rerun="converges once it can",
    unguarded="the system refuses, and Firn tells it as it tells of a full disk",
)
@pytest.mark.full
def test_a_read_only_folder_is_named(
    world: World, undisturbed: Undisturbed, place: str
) -> None:
    world.drop(1)
    world.run()
    world.drop(2)
    world.stop_catalog()
    own = {"home": world.home, "warehouse": world.home / "warehouse"}
    with read_only(own.get(place, world.folder)):
        child = world.start("run")  # `world.firn` would look into the lake before it
        out, err = child.communicate(timeout=120)
        done = world.last = Done(child.returncode, out, err, newest=2)
    world.stop_catalog()
    assert done.code == 3, done
    assert "Traceback" not in done.out + done.err
    assert "cannot be" in done.err, done
    invariants.check(world)
    world.run()
    invariants.check(world)
    invariants.converged(world, undisturbed)


@fault(
    SECTION,
    "landing folder that is read-only",
    seen="nothing",
    unguarded="nothing is ever written there",
)
@pytest.mark.full
def test_a_read_only_landing_folder_is_fine(
    world: World, undisturbed: Undisturbed
) -> None:
    world.drop(1)
    with read_only(world.folder / "landing"):
        world.run()
    invariants.check(world)
    invariants.converged(world, undisturbed)
