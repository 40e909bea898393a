"""Odd surroundings: streams that are closed, locales, limits, homes, paths."""

import errno
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from orchestration.cli.main import app
from orchestration.lake import Lake
from orchestration.tests.faults import invariants
from orchestration.tests.faults.lost import unforeseen
from orchestration.tests.faults.undisturbed import Undisturbed
from orchestration.tests.faults.world import FIRN, World
from orchestration.tests.pages import fault, mutant

SECTION = "Disk, memory and clock"
LOCALE = "locale that knows ASCII alone"
TEXT = "x\n\\xe9 \\u2603\n"
UNSETTLED = (
    "orchestration.cli.errors:streams.settle=orchestration.tests.faults.mutants:nothing"
)
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def without(world: World, *names: str) -> Mapping[str, str]:
    """The world's environment without some variables."""
    env = world._environment()
    return {name: value for name, value in env.items() if name not in names}


@fault(
    SECTION,
    "no HOME, no login name",
    seen="nothing",
    unguarded="Python asks the system for both",
)
@pytest.mark.full
def test_without_home_and_name(world: World, undisturbed: Undisturbed) -> None:
    world.drop(1)
    done = subprocess.run(
        [str(FIRN), "run"],
        cwd=world.folder,
        env=without(world, "HOME", "USER", "LOGNAME", "FIRN_USER"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done
    invariants.check(world)
    invariants.converged(world, undisturbed)


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ("text", TEXT),
        ("json", '[\n {"x": "\\u00e9 \\u2603"}\n]\n'),
        ("csv", "x\né ☃\n"),
    ],
)
@fault(SECTION, LOCALE, seen="escapes in text", rerun="-")
def test_in_ascii(world: World, form: str, answer: str) -> None:
    speaks_ascii(world, form, answer)


@mutant(LOCALE, guard="streams are settled before a verb begins")
def test_unsettled_a_letter_ends_the_verb(world: World) -> None:
    with pytest.raises(AssertionError):
        speaks_ascii(world, "text", TEXT, FIRN_TEST_MUTANT=UNSETTLED)


def speaks_ascii(world: World, form: str, answer: str, **more: str) -> None:
    """Print letters that the locale does not have."""
    done = subprocess.run(
        [str(FIRN), "sql", "select 'é ☃' as x", "--format", form],
        cwd=world.folder,
        env=world._environment() | ASCII | more,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout.decode()) == (0, answer), done


CLOSED = "standard streams that are closed"


def closing(*numbers: int) -> Callable[[], None]:
    """Close streams in the child before it starts."""

    def close() -> None:
        for number in numbers:
            os.close(number)

    return close


@pytest.mark.parametrize("numbers", [(0,), (0, 1, 2)])
@fault(SECTION, CLOSED, seen="nothing", rerun="-")
def test_with_closed_streams(world: World, numbers: tuple[int, ...]) -> None:
    works_with_closed_streams(world, numbers)


@mutant(CLOSED, guard="streams are settled before a verb begins")
def test_unsettled_closed_streams_end_a_verb(world: World) -> None:
    with pytest.raises(AssertionError):
        works_with_closed_streams(world, (0, 1, 2), mutant=UNSETTLED)


def works_with_closed_streams(
    world: World, numbers: tuple[int, ...], mutant: str | None = None
) -> None:
    """Land and ask with no stream to read from or write to."""
    world.drop(1)
    for verb in ("ingest", "log"):
        done = world.firn(verb, preexec=closing(*numbers), mutant=mutant)
        assert done.code == 0, done
    invariants.check(world)


@fault(
    SECTION,
    "output that nobody reads to its end",
    seen="nothing",
    unguarded="left to click, which ends without a word",
)
def test_into_a_pipe_that_closes(world: World) -> None:
    world.home.mkdir(exist_ok=True)
    child = world.start("sql", "from range(300000)", "--format", "csv")
    assert child.stdout is not None
    assert child.stderr is not None
    assert child.stdout.readline() == "range\n"
    child.stdout.close()
    assert child.stderr.read() == ""
    assert child.wait(60) != 0
    child.stderr.close()
    world._started.remove(child)


ODD = "project path with quotes, brackets, unicode"
FEW = "few files may be open (ulimit -n)"


def few(number: int) -> Callable[[], None]:
    """Allow the child so many open files."""
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (number, number))


@pytest.mark.full
@fault(SECTION, FEW, seen="below 64: exit 3, how to raise it", rerun="-")
def test_with_few_files(world: World, undisturbed: Undisturbed) -> None:
    world.drop(1)
    done = world.firn("run", preexec=few(20))
    assert done.code == 3, done
    assert "ulimit -n" in done.err
    world.run(preexec=few(96))
    world.stop_catalog()  # it may not open more either
    invariants.check(world)
    invariants.converged(world, undisturbed)


@mutant(FEW, guard="the limit is looked at before anything starts")
def test_a_limit_that_nobody_looks_at(world: World) -> None:
    unseen = (
        "orchestration.limits:allow_open_files="
        "orchestration.tests.faults.mutants:nothing"
    )
    done = world.firn("log", preexec=few(20), mutant=unseen)
    assert "ulimit -n 1024" not in done.err


@pytest.mark.parametrize("mask", [0o077, 0o000])
@fault(
    SECTION,
    "umask",
    seen="nothing: the token stays its owner's",
    unguarded="by the guard of *a token file that others can read*",
)
def test_with_any_umask(world: World, mask: int) -> None:
    def loosen() -> None:
        os.umask(mask)

    done = world.firn("sql", "select 1", preexec=loosen)
    assert done.code == 0, done
    assert world.settings.token_file.stat().st_mode & 0o777 == 0o600


@fault(
    SECTION,
    "TMPDIR that is missing",
    seen="nothing",
    unguarded="nothing of a run is kept there",
)
@pytest.mark.full
def test_without_a_temporary_folder(world: World, undisturbed: Undisturbed) -> None:
    world.drop(1)
    world.run(env={"TMPDIR": str(world.folder / "missing")})
    invariants.converged(world, undisturbed)


@fault(SECTION, ODD, seen="nothing")
@pytest.mark.full
def test_in_a_folder_of_an_odd_name(
    world: World, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    odd = in_an_odd_folder(world, tmp_path)
    try:
        odd.drop(1)
        odd.run()
        invariants.check(odd)
        invariants.converged(odd, undisturbed)
    finally:
        odd.close()


def in_an_odd_folder(world: World, folder: Path) -> World:
    """A copy of the world where few would put it."""
    odd = World(folder / 'it\'s a "päth" ☃ [x] {y} 1% $HOME')
    shutil.copytree(world.folder, odd.folder)
    return odd


@pytest.mark.full
@mutant(ODD, guard="paths in SQL are quoted")
def test_unquoted_an_odd_folder_is_no_sql(world: World, tmp_path: Path) -> None:
    odd = in_an_odd_folder(world, tmp_path)
    naive = (
        "orchestration.lake.spill:literal=orchestration.tests.faults.mutants:unquoted"
    )
    try:
        odd.drop(1)
        assert odd.firn("run", mutant=naive).code != 0
    finally:
        odd.close()


MISREAD = "project path that is no part of a URL"


@mutant(MISREAD, guard="such a path is refused")
def test_a_folder_that_would_be_misread_is_used(world: World, tmp_path: Path) -> None:
    unseen = (
        "orchestration.settings:_refuse_escapes="
        "orchestration.tests.faults.mutants:nothing"
    )
    own = {"FIRN_HOME": str(tmp_path / "a#b")}
    assert world.firn("log", env=own, mutant=unseen).code != 2


@pytest.mark.parametrize("name", ["a#b", "a?b", "a%20b"])
@fault(SECTION, MISREAD, seen="exit 2, which and why")
def test_a_folder_that_would_be_misread_is_refused(
    world: World, tmp_path: Path, name: str
) -> None:
    done = world.firn("log", env={"FIRN_HOME": str(tmp_path / name)})
    assert done.code == 2, done
    assert name in done.err


@fault(SECTION, "logs that cannot be written", seen="the error itself, exit 3")
def test_an_error_is_told_where_no_trace_can_be_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = untold(world, monkeypatch)
    assert done.exit_code == 3
    assert "unexpected ZeroDivisionError: by zero" in done.stderr
    assert "details are in" not in done.stderr


@mutant("logs that cannot be written", guard="a trace that cannot be kept is left out")
def test_an_error_that_fails_to_be_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.cli.errors.suppress", lambda *_: nullcontext())
    assert isinstance(untold(world, monkeypatch).exception, OSError)


def untold(world: World, monkeypatch: pytest.MonkeyPatch) -> Result:
    """What `firn log` says of an unforeseen error when no file can be written."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setenv("FIRN_PROJECT_DIR", str(world.folder))
    monkeypatch.setattr(Lake, "log", unforeseen)
    monkeypatch.setattr(Path, "write_text", full)
    return CliRunner().invoke(app, ["log"])
