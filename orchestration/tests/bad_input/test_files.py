"""What a folder holds beside files to read: none, no files, very many, refused ones."""

import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from orchestration.cli.main import app
from orchestration.errors import GateError, UsageError
from orchestration.ingestion import files
from orchestration.tests import environment
from orchestration.tests.bad_input.conftest import Landing
from orchestration.tests.bad_input.small_files import COLUMNS, ROW, csv, named
from orchestration.tests.unit.ingestion.conftest import Place


class HangsError(BaseException):
    """It waits for something that never comes."""


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Fail, instead of hanging, when something waits for a pipe."""

    def stop(*_: object) -> None:
        raise HangsError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@named("a pipe, socket, device or folder that the glob finds", "accepted: left out")
def test_what_is_no_file_is_left_out(place: Place) -> None:
    os.mkfifo(place.landing / "pipe.csv")
    (place.landing / "folder.csv").mkdir()
    (place.landing / "device.csv").symlink_to("/dev/zero")
    (place.landing / "dead.csv").symlink_to("nowhere")
    (place.landing / "loop.csv").symlink_to("loop.csv")
    place.write(ROW, "rows.csv")
    listener = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    os.chdir(place.landing)  # the path of a socket may have 107 bytes
    try:
        listener.bind("socket.csv")
    finally:
        os.chdir(here)
    with listener, within(30):
        assert place.load(place.source(COLUMNS)).landed == 1


def test_mutant_without_the_look_at_its_kind_a_pipe_hangs(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "S_ISREG", lambda _: True)
    os.mkfifo(place.landing / "pipe.csv")
    with pytest.raises(HangsError), within(2):
        place.load(place.source(COLUMNS))


@named("a file that may not be read", "refused file: says that the right is missing")
def test_a_file_that_may_not_be_read_is_refused(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write(ROW, "mine.csv")
    place.write(ROW, "locked.csv")
    if os.geteuid():
        (place.landing / "locked.csv").chmod(0)
    else:  # whom no mode keeps out
        opened = Path.open

        def refuse(self: Path, *args: Any, **kwargs: Any) -> Any:
            if self.name == "locked.csv":
                raise PermissionError(13, "Permission denied", str(self))
            return opened(self, *args, **kwargs)

        monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(
        GateError, match=r"locked\.csv: it cannot be opened \(Permission"
    ):
        place.load(place.source(COLUMNS))


@named("a folder that may not be listed", "refused run")
def test_a_folder_that_may_not_be_listed_is_no_empty_folder(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write(ROW)
    if os.geteuid():
        place.landing.chmod(0)
    else:
        monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UsageError, match="cannot be listed"):
        place.load(place.source(COLUMNS))


@named("a glob that finds nothing", "accepted: nothing is published")
def test_nothing_to_find_publishes_nothing(landing: Landing) -> None:
    before = landing.lake.pointers("main")
    outcome = landing({"columns": COLUMNS, "files": "none_*.csv"}, {"a.csv": ROW})
    assert outcome.result is not None
    assert outcome.result.files == 0
    assert landing.lake.pointers("main") == before


@pytest.mark.full
@named("10,000 files", "accepted: each once, with its own row numbers")
def test_ten_thousand_files(landing: Landing) -> None:
    given = {f"{i:05}.csv": csv(i) for i in range(10_000)}
    spec = {"columns": COLUMNS, "name": "many"}
    started = time.monotonic()
    outcome = landing(spec, given)
    assert time.monotonic() - started < 120
    assert outcome.values("id") == list(range(10_000))
    again = landing(spec)
    assert again.result is not None
    assert again.result.files == 0


@named(
    "one source of three is refused",
    "accepted: the others; the answer lists what landed, exit code 1",
)
@pytest.mark.parametrize("verb", ["ingest", "run"])
def test_a_refused_source_leaves_the_others_in_the_answer(
    landing: Landing, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    names = [f"{verb}_{part}" for part in ("a", "b", "c")]
    for name, data in zip(names, (csv(1), b"other\n1\n", csv(3)), strict=True):
        landing.write_spec({"columns": COLUMNS, "name": name})
        (landing.folder(name) / "x.csv").write_bytes(data)
    specs = landing.settings.project_dir / f"specs_{verb}"
    specs.mkdir()
    for name in names:
        shutil.copy(landing.settings.sources_dir / f"{name}.yml", specs)
    project = landing.settings.project_dir
    environment.only(monkeypatch, FIRN_PROJECT_DIR=project, FIRN_SOURCES=specs)
    done = CliRunner().invoke(app, [verb, "--format", "json"])
    assert done.exit_code == 1, done.output
    answer = json.loads(done.stdout)
    ingested = answer if verb == "ingest" else answer["ingest"]
    landed = {load["table"]: load["landed"] for load in ingested["loads"]}
    assert landed[f"raw.{names[0]}__rows"] == landed[f"raw.{names[2]}__rows"] == 1
    assert len(ingested["publications"]) >= 2
    assert any(names[1] in one["where"] for one in ingested["refused"])
    assert "unknown column 'other'" in json.dumps(answer)
    (landing.folder(names[1]) / "x.csv").write_bytes(csv(2))  # corrected
    assert CliRunner().invoke(app, ["ingest", *names]).exit_code == 0
