"""`firn verify` finds any damaged file, and what it recommends brings it back."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from orchestration.lake import Lake, TableId, process, sums, verify
from orchestration.lake.reachable import DATA
from orchestration.lake.recovery import remedies
from orchestration.settings import Settings
from orchestration.tests.conftest import PROJECT
from orchestration.tests.faults.small_lake import ME, ROLES, SmallLake
from orchestration.tests.pages import fault, mutant, promise

TABLE = "marts.t"
OTHER = "marts.other"
HISTORY = "marts.history"
Harm = Callable[[Path], None]


def remove(path: Path) -> None:
    """Delete it."""
    path.unlink()


def truncate(path: Path) -> None:
    """Cut off its second half."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def flip(path: Path) -> None:
    """Turn over one bit of the byte in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


HARMS = {"missing": remove, "truncated": truncate, "with a flipped bit": flip}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallLake]:
    """Two tables; the second publication changes one, by a merge on read."""
    home = tmp_path_factory.mktemp("damage")
    own = {"FIRN_PROJECT_DIR": str(PROJECT), "FIRN_HOME": str(home)}
    settings = Settings.load(own | {"FIRN_USER": "tester"})
    with closing(Lake.open(settings)) as lake:
        made = SmallLake(settings, lake)
        made.publish(
            (
                "create schema lake.marts",
                f"create table lake.{TABLE} as select range as a from range(10)",
                f"create table lake.{OTHER} as select 1 as a",
                f"create table lake.{HISTORY} as select 1 as a, 'x' as dbt_scd_id",
            ),
            (
                f"delete from lake.{TABLE} where a = 3",
                f"insert into lake.{TABLE} select range as a from range(10, 20)",
            ),
            sealed=True,
        )
        process.release(settings)
        yield made


@pytest.fixture
def small(made: SmallLake, tmp_path: Path) -> Iterator[SmallLake]:
    """The lake as it was made; what a test does to it is undone."""
    home = made.settings.home
    kept = {path: path.read_bytes() for path in made.files()}
    with (
        closing(sqlite3.connect(home / "catalog.db")) as live,
        closing(sqlite3.connect(tmp_path / "kept.db")) as copy,
    ):
        live.backup(copy)
        yield made
        copy.backup(live)
    for path, content in kept.items():
        path.write_bytes(content)


def found(small: SmallLake, *, deep: bool = True) -> verify.Report:
    """What `firn verify --deep` finds."""
    return verify.verify(small.lake, deep=deep)


@promise("is it whole")
def test_nothing_is_wrong_with_a_lake_that_nobody_harmed(small: SmallLake) -> None:
    report = found(small)
    assert report.damages == ()
    assert report.unsummed == 0
    assert report.tables == 3
    assert report.files > 8


@pytest.mark.parametrize(
    ("table", "words"),
    [(OTHER, "firn build --full-refresh --select other+"), (HISTORY, "a backup can")],
)
def test_what_cannot_be_undone_is_made_again_if_that_can_be(
    small: SmallLake, table: str, words: str
) -> None:
    small.file(table, DATA).unlink()
    [remedy] = remedies(small.lake, found(small))[TableId.parse(table)]
    assert words in remedy


NAME = "a {role} {harm}"
PLACES = [(role, harm) for role in ROLES for harm in HARMS]


def finds(small: SmallLake, role: str, harm: str) -> None:
    """Harm the newest file of a role: it is named, with who needs it and what helps."""
    path = small.file(TABLE, role)
    HARMS[harm](path)
    report = found(small)
    [damage] = report.damages
    assert Path(damage.location.removeprefix("file://")) == path
    assert damage.role == role
    assert not report.is_whole
    assert {str(need.table) for need in damage.needs} == {TABLE}
    assert {need.holder for need in damage.needs} >= {"main", "publication 2"}
    assert "publication 1" in report.reads[TableId.parse(TABLE)]
    assert remedies(small.lake, report) == {TableId.parse(TABLE): ("firn rollback 2",)}


@pytest.mark.parametrize(
    ("role", "harm"),
    [
        pytest.param(
            role,
            harm,
            marks=fault(
                "Damaged files",
                NAME.format(role=role, harm=harm),
                seen="`firn verify --deep` names table, snapshot, file, what still "
                "reads, and the recovery, which works; exit 1",
                rerun="after the rollback `main` reads, and is whole",
            ),
        )
        for role, harm in PLACES
    ],
)
def test_each_damage_is_found_and_recovered_from(
    small: SmallLake, role: str, harm: str
) -> None:
    finds(small, role, harm)
    small.lake.rollback(2, ME)
    assert small.rows(TABLE) == [(number,) for number in range(10)]
    assert verify.verify(small.lake, branch="main", deep=True).is_whole


@pytest.mark.parametrize(
    ("role", "harm"),
    [
        pytest.param(
            role,
            harm,
            marks=mutant(
                NAME.format(role=role, harm=harm), guard="what is wrong is kept"
            ),
        )
        for role, harm in PLACES
    ],
)
def test_a_verify_that_looks_away_finds_nothing(
    small: SmallLake, role: str, harm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Blind(dict[str, object]):
        def __setitem__(self, key: str, value: object) -> None:
            """Keep nothing."""

    real = verify._Check.__init__

    def blind(self: verify._Check, *args: object, **named: object) -> None:
        real(self, *args, **named)  # type: ignore[arg-type]
        self._wrong = Blind()  # type: ignore[assignment]

    monkeypatch.setattr(verify._Check, "__init__", blind)
    with pytest.raises(ValueError, match="not enough values"):
        finds(small, role, harm)


SUBTLE = "a {role} with a flipped bit that still decodes"


def flip_unseen(path: Path, small: SmallLake) -> None:
    """Turn over a bit such that nothing but the recorded content tells."""
    content = path.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sums, "recorded", lambda *_: {})
        for place in range(len(content)):
            changed = bytearray(content)
            changed[place] ^= 1
            path.write_bytes(changed)
            if not found(small).damages:
                return
    pytest.fail("every flipped bit shows")


def finds_subtle(small: SmallLake, role: str) -> None:
    """A flip that decodes is found as well."""
    path = small.file(TABLE, role)
    flip_unseen(path, small)
    [damage] = found(small).damages
    assert damage.reason == "has another content"
    assert Path(damage.location.removeprefix("file://")) == path


@pytest.mark.parametrize(
    "role",
    [
        pytest.param(
            role,
            marks=fault(
                "Damaged files",
                SUBTLE.format(role=role),
                seen="readers may see a wrong value; `firn verify --deep` names the "
                "file by the hash that publish recorded",
                rerun="after the rollback `main` reads, and is whole",
            ),
        )
        for role in ROLES
    ],
)
@promise("A flipped bit that still decodes is found by `firn verify --deep` alone.")
def test_a_flip_that_decodes_is_found(small: SmallLake, role: str) -> None:
    finds_subtle(small, role)


@pytest.mark.parametrize(
    "role",
    [
        pytest.param(
            role,
            marks=mutant(
                SUBTLE.format(role=role), guard="publish records what files contain"
            ),
        )
        for role in ROLES
    ],
)
def test_without_sums_it_is_not(
    small: SmallLake, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sums, "recorded", lambda *_: {})
    with pytest.raises(ValueError, match="not enough values"):
        finds_subtle(small, role)
