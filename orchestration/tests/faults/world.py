"""A small project with a lake of its own, on which the command line runs for real."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from orchestration import failpoints
from orchestration.lake import Lake, process
from orchestration.settings import Settings
from orchestration.tests.faults import shop

REPOSITORY = Path(__file__).parents[3]
FIRN = Path(sys.executable).with_name("firn")
SITE = Path(__file__).parent / "sitecustomize"
KILLED = -signal.SIGKILL


@dataclass(frozen=True)
class Done:
    """How a call of `firn` ended: the exit code is negative where a signal did it.

    `newest` is the last publication before the call.
    """

    code: int
    out: str
    err: str
    newest: int = 0

    @property
    def data(self) -> Any:
        """What `--format json` printed; None where that is not all of it."""
        try:
            return json.loads(self.out)
        except ValueError:
            return None


@dataclass
class World:
    """One project. `days` are those that were dropped, `last` is the last call."""

    folder: Path
    days: list[int] = field(default_factory=list)
    last: Done | None = None
    _started: list[subprocess.Popen[str]] = field(default_factory=list)
    _odd_catalog: bool = False

    @property
    def home(self) -> Path:
        """Local state: catalog database, warehouse, logs."""
        return self.folder / ".firn"

    @property
    def settings(self) -> Settings:
        """The project's settings, for looking from inside the test's process."""
        own = {"FIRN_PROJECT_DIR": str(self.folder), "FIRN_USER": "tester"}
        return Settings.load(own)

    def drop(self, day: int) -> None:
        """Put the files of a day into place by one rename."""
        aside = self.folder / f"landing/.day_{day:03d}"
        aside.mkdir(parents=True)
        for sheet in shop.sheets(day):
            sheet.write(aside)
        target = self.folder / f"landing/shop/day_{day:03d}"
        target.parent.mkdir(exist_ok=True)
        aside.rename(target)
        self.days.append(day)

    def firn(
        self,
        *args: str,
        env: Mapping[str, str] | None = None,
        mutant: str | None = None,
        failpoint: str | None = None,
        timeout: float = 600,
        preexec: Callable[[], None] | None = None,
    ) -> Done:
        """Run `firn` to its end, in processes of its own.

        Args:
            env: Variables on top of the world's own.
            mutant: `module:attribute=module:replacement`, in every process of the call.
            failpoint: As `FIRN_FAILPOINT` takes it: one that begins with `catalog.` is
                the server's, any other the call's own.
            preexec: Called in the child before `firn`, to set limits.
        """
        newest = self.newest()
        child = self.start(
            *args, env=env, mutant=mutant, failpoint=failpoint, preexec=preexec
        )
        try:
            out, err = child.communicate(timeout=timeout)
        finally:
            self.end(child)
        self.last = Done(child.returncode, out, err, newest)
        return self.last

    def start(
        self,
        *args: str,
        env: Mapping[str, str] | None = None,
        mutant: str | None = None,
        failpoint: str | None = None,
        preexec: Callable[[], None] | None = None,
        program: str = "firn",
    ) -> subprocess.Popen[str]:
        """Start `firn`, or `dbt`; whoever does so waits, or the world's end ends it."""
        own = dict(env or {})
        if mutant:
            own["FIRN_TEST_MUTANT"] = mutant
        if own or self._odd_catalog:
            self.stop_catalog()  # the next one shall have this call's environment
        self._odd_catalog = bool(own)
        if failpoint:
            own["FIRN_FAILPOINT"] = self._aimed(failpoint, own)
        child = subprocess.Popen(
            [str(FIRN.with_name(program)), *args],
            cwd=self.folder,
            env=self._environment() | own,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=preexec,  # noqa: PLW1509 - sets limits, takes no lock
        )
        self._started.append(child)
        process.release(self.settings)
        return child

    def run(self, *arguments: str, **how: Any) -> Done:
        """`firn run`, which has to end well."""
        done = self.firn("run", "--format", "json", *arguments, **how)
        assert done.code == 0, done
        return done

    def pause(self, *args: str, failpoint: str, **how: Any) -> subprocess.Popen[str]:
        """Start a call and return when it has stopped at a failpoint."""
        child = self.start(*args, failpoint=f"{failpoint}:STOP", **how)
        flags = os.WSTOPPED | os.WEXITED | os.WNOHANG | os.WNOWAIT
        deadline = time.monotonic() + 300
        while (state := os.waitid(os.P_PID, child.pid, flags)) is None:
            assert time.monotonic() < deadline, f"{failpoint} is not reached"
            time.sleep(0.02)
        assert state.si_code == os.CLD_STOPPED, child.communicate()
        return child

    def resume(self, child: subprocess.Popen[str]) -> Done:
        """Let a paused call go on to its end."""
        child.send_signal(signal.SIGCONT)
        return self.wait(child)

    def wait(self, child: subprocess.Popen[str]) -> Done:
        """Wait for a call that was started."""
        out, err = child.communicate(timeout=600)
        self._started.remove(child)
        return Done(child.returncode, out, err)

    def end(self, child: subprocess.Popen[str]) -> None:
        """Kill a child, unless it ended, and read its last words."""
        if child.poll() is None:
            child.send_signal(signal.SIGCONT)
            child.kill()
        child.communicate()
        if child in self._started:
            self._started.remove(child)

    def lake(self) -> Lake:
        """The lake, opened in this process: close it."""
        return Lake.open(self.settings)

    def branches(self) -> list[str]:
        """The names of all branches but `main`."""
        lake = self.lake()
        try:
            return [one.name for one in lake.branches() if one.name != "main"]
        finally:
            lake.close()

    def catalog_pid(self) -> int | None:
        """The process of the running catalog."""
        if not self.home.exists() or not process.is_running(self.settings):
            return None
        try:
            text = process.address_file(self.settings).read_text()
            return int(json.loads(text)["pid"])
        except (OSError, ValueError):
            return None

    def stop_catalog(self, number: int = signal.SIGTERM) -> None:
        """End the catalog's server, if one runs, and wait until it is gone."""
        settings = self.settings
        process.release(settings)
        if not self.home.exists():
            return
        deadline = time.monotonic() + 20
        sent: int | None = None
        while process.is_running(settings):
            assert time.monotonic() < deadline, "the catalog does not end"
            pid = self.catalog_pid()
            if pid is not None and pid != sent:
                os.kill(pid, number)
                sent = pid
            time.sleep(0.01)

    def close(self) -> None:
        """End everything that was started here."""
        for child in list(self._started):
            self.end(child)
        self.stop_catalog()

    def _aimed(self, failpoint: str, environment: Mapping[str, str]) -> str:
        """See that the catalog has the failpoint if it is one of its own, only then."""
        name, *_ = failpoints.parse(failpoint)  # an unknown one would never be reached
        if name.startswith("catalog."):
            self.stop_catalog()
            self._odd_catalog = True
        else:
            with pytest.MonkeyPatch.context() as patch:
                for key, value in (self._environment() | dict(environment)).items():
                    patch.setenv(key, value)
                process.ensure_catalog(self.settings)
        return failpoint

    def newest(self) -> int:
        """The id of the newest publication, 0 without any."""
        if not (self.home / "catalog.db").exists():
            return 0
        lake = self.lake()
        try:
            return next((one.id for one in lake.log(1)), 0)
        finally:
            lake.close()

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("FIRN_")}
        path = os.pathsep.join(filter(None, (str(SITE), kept.get("PYTHONPATH"))))
        own = {"FIRN_USER": "tester", "FIRN_CATALOG_IDLE_SECONDS": "3"}
        return kept | own | {"PYTHONPATH": path, "COLUMNS": "200"}


def template(folder: Path) -> Path:
    """Write the project once and let dbt parse it; worlds are copies of it."""
    shop.write_project(folder)
    shutil.copytree(REPOSITORY / "macros", folder / "macros")
    (folder / "profiles").mkdir()
    profile = (REPOSITORY / "profiles/profiles.yml").read_text()
    assert "threads: 4" in profile
    text = profile.replace("threads: 4", "threads: 2")
    (folder / "profiles/profiles.yml").write_text(text)
    return folder


def copy(project: Path, folder: Path) -> World:
    """A world of its own from the template."""
    shutil.copytree(project, folder)
    return World(folder)
