"""Files that lie elsewhere, change, vanish, have odd names, or are no files at all."""

import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as configured
from hypothesis import strategies as st
from typer.testing import CliRunner

from orchestration.cli.main import app
from orchestration.errors import GateError, SpecError, UsageError
from orchestration.ingestion import extract, files, load, rejects
from orchestration.ingestion.files import SourceFile
from orchestration.ingestion.ledger import Ledger
from orchestration.tests import environment
from orchestration.tests.bad_input.conftest import Landing
from orchestration.tests.pages import case
from orchestration.tests.unit.ingestion.conftest import Place

COLUMNS = {"id": "bigint", "name": "varchar"}
ROW = b"id,name\n1,a\n"
Act = Callable[[Path], object]


def named(name: str, outcome: str) -> pytest.MarkDecorator:
    return case("Files", name, outcome=outcome)


def csv(number: int) -> bytes:
    return b"id,name\n%d,n\n" % number


def ids(place: Place) -> list[int]:
    return [number for (number,) in place.rows("id")]


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


# --- out of the folder


def outside(place: Place) -> Path:
    folder = place.settings.project_dir / "elsewhere"
    folder.mkdir(exist_ok=True)
    (folder / "secret.csv").write_bytes(ROW)
    return folder


def link_twice(place: Place) -> None:
    (place.landing / ".hidden").symlink_to(outside(place))
    (place.landing / "a.csv").symlink_to(".hidden/secret.csv")


OUT: dict[str, Callable[[Place], object]] = {
    "a link to a file outside": lambda place: (place.landing / "a.csv").symlink_to(
        outside(place) / "secret.csv"
    ),
    "a link through ..": lambda place: (place.landing / "a.csv").symlink_to(
        Path("../elsewhere/secret.csv") if outside(place) else ""
    ),
    "a linked folder": lambda place: (place.landing / "sub").symlink_to(outside(place)),
    "a link to a link": link_twice,
}


@pytest.mark.parametrize(
    "lead_out",
    [
        pytest.param(act, id=name, marks=named(name, "refused file: it leads out"))
        for name, act in OUT.items()
    ],
)
def test_what_leads_out_of_the_folder_is_refused(
    place: Place, lead_out: Callable[[Place], object]
) -> None:
    lead_out(place)
    with pytest.raises(GateError, match="leads out of the source's folder"):
        place.load(place.source(COLUMNS, table_files="**/*.csv"))


def test_mutant_without_the_look_where_it_leads_a_foreign_file_lands(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files._Looker, "_is_within", lambda *_: True)
    OUT["a link to a file outside"](place)
    assert place.load(place.source(COLUMNS)).landed == 1


@named(
    "`..` or an absolute path in `files`",
    "refused run: the spec says so, with its line",
)
@pytest.mark.parametrize("pattern", ["../*.csv", "a/../../x", "/etc/passwd", ""])
def test_a_pattern_stays_within_its_folder(landing: Landing, pattern: str) -> None:
    outcome = landing({"columns": COLUMNS, "files": pattern}, {"a.csv": ROW})
    assert isinstance(outcome.error, SpecError)
    assert ".yml:" in outcome.error.where
    assert "glob within `path`" in outcome.refusal


@named(
    "a link within the folder, a folder that is a link itself", "accepted: landed once"
)
def test_links_that_stay_inside_are_files(place: Place) -> None:
    real = place.landing.rename(place.landing.parent / "real")
    place.landing.symlink_to(real)
    place.write(ROW, "a.csv")
    (place.landing / "b.csv").symlink_to("a.csv")
    result = place.load(place.source(COLUMNS))
    assert (result.landed, result.copies) == (1, 1)


# --- changing under our hands


def rewrite(path: Path) -> None:
    """New content of the same size, with the old time put back."""
    stat = path.stat()
    path.write_bytes(path.read_bytes().replace(b",n", b",z"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def replace(path: Path) -> None:
    other = path.with_name(".new")
    other.write_bytes(path.read_bytes().replace(b",n", b",z"))
    shutil.copystat(path, other)
    other.rename(path)


def append(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"99,late\n")


CHANGES: dict[str, Act] = {
    "rewritten, same size and time": rewrite,
    "replaced, same size and time": replace,
    "appended to": append,
    "truncated": lambda path: path.write_bytes(b""),
    "broken": lambda path: path.write_bytes(b'other\n"'),
}


def meanwhile(
    place: Place, monkeypatch: pytest.MonkeyPatch, when: str, act: Act
) -> Any:
    """Load three files, and let something happen to the second."""
    for number in (1, 2, 3):
        place.write(csv(number), f"{number}.csv")
    path = place.landing / "2.csv"
    done: list[bool] = []
    module, name = {
        "before it is opened": (load, "batches"),
        "before it is parsed": (load, "stage"),
        "before it is counted": (load, "scan"),
        "before it is judged": (load, "misfits"),
    }[when]
    original = getattr(module, name)

    def acting(*args: Any, **kwargs: Any) -> Any:
        if not done:
            done.append(True)
            act(path)
        return original(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, acting)
        return place.load(place.source(COLUMNS))


WHEN = [
    "before it is opened",
    "before it is parsed",
    "before it is counted",
    "before it is judged",
]


@named(
    "a file that changes while it is read", "accepted next time: left out, others land"
)
@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changes_while_it_is_read_waits(
    place: Place, monkeypatch: pytest.MonkeyPatch, when: str, change: str
) -> None:
    result = meanwhile(place, monkeypatch, when, CHANGES[change])
    assert (result.landed, result.waiting) == (2, 1)
    assert ids(place) == [1, 3]
    (place.landing / "2.csv").write_bytes(csv(2))
    assert place.load(place.source(COLUMNS)).landed == 1
    assert sorted(ids(place)) == [1, 2, 3]


def test_mutant_without_the_second_look_a_rewritten_file_lands(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SourceFile, "unchanged", lambda _: True)
    result = meanwhile(place, monkeypatch, "before it is judged", rewrite)
    assert result.landed == 3  # what was hashed is no longer what lies there


def test_mutant_without_the_kernels_time_a_rewrite_goes_unseen(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = files._Looker.__call__

    def blind(self: Any, path: Path) -> SourceFile | None:
        found = look(self, path)
        return found and files.SourceFile(
            path=found.path,
            shown=found.shown,
            size=found.size,
            modified_ns=found.modified_ns,
        )

    monkeypatch.setattr(files._Looker, "__call__", blind)
    result = meanwhile(place, monkeypatch, "before it is judged", rewrite)
    assert (result.landed, result.waiting) == (3, 0)


@named(
    "a file that vanishes while it is read", "accepted next time: left out, others land"
)
@pytest.mark.parametrize("when", WHEN)
def test_a_file_that_vanishes_is_left_out(
    place: Place, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    result = meanwhile(place, monkeypatch, when, Path.unlink)
    assert (result.landed, result.waiting) == (2, 1)
    assert ids(place) == [1, 3]
    assert place.load(place.source(COLUMNS)).waiting == 0


def test_every_file_may_vanish(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.write(ROW, "1.csv")
    stage = extract.stage

    def gone(*args: Any) -> Any:
        (place.landing / "1.csv").unlink()
        return stage(*args)

    monkeypatch.setattr(load, "stage", gone)
    result = place.load(place.source(COLUMNS))
    assert (result.files, result.waiting) == (0, 1)


@named(
    "a file that is still being written",
    "accepted once it has been still for `settle_seconds`",
)
def test_a_file_waits_until_it_is_still(place: Place) -> None:
    place.write(ROW)
    source = place.source(COLUMNS, settle_seconds=60)
    assert place.load(source).waiting == 1
    past = time.time() - 61
    os.utime(place.landing / "rows.csv", (past, past))
    assert place.load(source).landed == 1


def test_mutant_without_settling_half_a_file_lands(place: Place) -> None:
    place.write(b"id,name\n1,half a na")
    assert place.load(place.source(COLUMNS, settle_seconds=0)).landed == 1


# --- copies


@named("the same file twice, a renamed copy, a moved file", "accepted: landed once")
def test_content_lands_once_under_whatever_name(landing: Landing) -> None:
    spec = {"columns": COLUMNS, "files": "**/*.csv", "name": "copies"}
    assert len(landing(spec, {"a.csv": ROW, "b.csv": ROW}).rows) == 1
    folder = landing.folder("copies")
    (folder / "a.csv").rename(folder / "renamed.csv")
    (folder / "sub").mkdir()
    (folder / "b.csv").rename(folder / "sub" / "moved.csv")
    outcome = landing(spec, {"copy.csv": ROW})
    assert outcome.result is not None
    assert (outcome.result.landed, outcome.result.copies) == (0, 3)


def test_mutant_without_hashes_a_copy_lands_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ledger, "knows_content", lambda *_: False)
    place.write(ROW, "a.csv")
    place.load(place.source(COLUMNS))
    place.write(ROW, "b.csv")
    assert place.load(place.source(COLUMNS)).landed == 1


# --- names

NAMES = {
    "a newline": "new\nline.csv",
    "255 bytes": "x" * 251 + ".csv",
    "glob characters": "a*[b]?{c}.csv",
    "quotes": 'it\'s "quoted".csv',
    "a backslash": "back\\slash.csv",
    "what looks like a partition": "day=2026-01-01.csv",
    "right-to-left text and emoji": "שלום 🎉.csv",
    "a leading dash": "-rf.csv",
    "control characters": "bell\x07\x1b[31m.csv",
    "a percent sign, a colon, a dollar": "100%:file:${HOME}.csv",
}


@named(
    "a name with a newline, quotes, glob characters, 255 bytes", "accepted: as it is"
)
def test_every_name_that_is_text_lands(landing: Landing) -> None:
    given = {name: csv(i) for i, name in enumerate(NAMES.values())}
    outcome = landing({"columns": COLUMNS}, given)
    found = {row["_source_file"].rpartition("/")[2]: row["id"] for row in outcome.rows}
    assert found == {name: i for i, name in enumerate(NAMES.values())}
    assert len(outcome.rows) == len(NAMES)


@named(
    "a name with a newline, quotes, glob characters, 255 bytes", "accepted: as it is"
)
@pytest.mark.parametrize("format_", ["json", "jsonl", "parquet"])
def test_odd_names_in_other_formats(place: Place, format_: str) -> None:
    for number, name in enumerate(NAMES.values()):
        if format_ == "parquet":
            place.con.execute(
                "create or replace temp table r as select ? as id", [number]
            )
            plain = place.landing / ".tmp"
            place.con.execute(f"copy r to '{plain}' (format parquet)")
            plain.rename(place.landing / name)
        else:
            place.write(b'{"id": %d}' % number, name)
    source = place.source({"id": "bigint"}, format=format_)
    assert place.load(source).landed == len(NAMES)


@named("a name that is no UTF-8", "refused file: named in escapes")
def test_a_name_that_is_no_text_is_refused(place: Place) -> None:
    path = os.fsencode(place.landing) + b"/caf\xe9.csv"
    Path(os.fsdecode(path)).write_bytes(ROW)
    with pytest.raises(GateError, match=r"caf\\udce9.csv.*no UTF-8"):
        place.load(place.source(COLUMNS))


def test_a_message_shows_no_control_characters(landing: Landing) -> None:
    outcome = landing({"columns": COLUMNS}, {"bad\x1b[31m\n.csv": b"x\n"})
    assert "\x1b" not in outcome.refusal


# --- no files


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


# --- many


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


# --- others land


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


# --- property

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("drop"), st.integers(0, 3), st.integers(0, 4)),
        st.tuples(st.just("rename"), st.integers(0, 3), st.integers(0, 3)),
        st.tuples(st.just("copy"), st.integers(0, 3), st.integers(0, 3)),
        st.tuples(st.just("remove"), st.integers(0, 3), st.just(0)),
        st.tuples(st.just("touch"), st.integers(0, 3), st.just(0)),
        st.tuples(st.just("ingest"), st.just(0), st.just(0)),
    ),
    max_size=14,
)


@configured(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(steps=STEPS)
def test_whatever_is_done_to_files_each_content_lands_once(
    place: Place, steps: list[tuple[str, int, int]]
) -> None:
    place.con.execute("drop schema if exists lake.raw cascade")
    shutil.rmtree(place.landing)
    place.landing.mkdir()
    source = place.source(COLUMNS)
    landed: set[int] = set()
    content: dict[int, int] = {}
    for moment, (verb, one, other) in enumerate([*steps, ("ingest", 0, 0)]):
        path = place.landing / f"{one}.csv"
        if verb == "drop":
            path.write_bytes(csv(other))
            content[one] = other
        elif verb == "ingest":
            place.load(source)
            landed |= set(content.values())
            assert sorted(ids(place) if landed else []) == sorted(landed)
        elif path.exists():
            act(verb, path, place.landing / f"{other}.csv")
            content = after(verb, content, one, other)
        if path.exists() and verb in ("drop", "touch"):
            os.utime(path, (moment, moment))  # as if time had passed


def act(verb: str, path: Path, other: Path) -> None:
    if verb == "rename":
        path.rename(other)
    elif verb == "copy" and path != other:
        shutil.copy(path, other)
    elif verb == "remove":
        path.unlink()


def after(verb: str, content: dict[int, int], one: int, other: int) -> dict[int, int]:
    found = dict(content)
    if verb in ("rename", "copy"):
        found[other] = found[one]
    if verb == "remove" or (verb == "rename" and one != other):
        del found[one]
    return found


def test_a_file_that_breaks_while_it_is_judged_takes_no_other_with_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write(csv(1), "1.csv")
    place.write(csv(2) + b"torn\n", "2.csv")  # which is why it is read once more
    judge = rejects.judge

    def broken(staged: Any, number: int, *rest: Any) -> Any:
        if staged.batch.files[number].path.name == "2.csv":
            (place.landing / "2.csv").write_bytes(b'id,name\n1,"never closes\n')
        return judge(staged, number, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(load, "judge", broken)
        result = place.load(place.source(COLUMNS, max_reject_share=1))
    assert (result.landed, result.copies, result.waiting) == (1, 0, 1)
    assert ids(place) == [1]
    assert place.rows("_source_file", table="loads") == [("landing/1.csv",)]
