"""Where the catalog and its warehouse are: in folders of any name, or almost."""

from contextlib import closing
from dataclasses import replace

import duckdb
import pytest

from orchestration.lake import session, spill
from orchestration.tests.faults.catalog_machine import HERE, Machine, is_clear
from orchestration.tests.faults.mutants import unquoted
from orchestration.tests.pages import fault, mutant

MISREAD = "local state in a folder with '?', '#' or '%41' in its path"
ODD = "local state in a folder with spaces, quotes and letters of any alphabet"


def live_in_an_odd_folder(machine: Machine) -> None:
    home = machine.settings.home / 'Zoë\'s  höme; 数据 1 %& "x"'
    machine.settings = replace(
        machine.settings,
        home=home,
        warehouse=home / "warehouse",
        database_url=f"sqlite:///{home}/catalog.db",
    )
    assert machine.firn("branches", "create", "dev").code == 0
    with closing(session.connect(machine.settings, "dev")) as con:
        con.execute("create schema lake.n; create table lake.n.t as select 42 as a")
    done = machine.firn("publish", "dev")
    assert done.code == 0, done.said
    assert "42" in machine.firn("sql", "from n.t").said


@fault("Catalog", ODD, seen="nothing: it works as anywhere")
def test_any_folder_can_be_home(machine: Machine) -> None:
    live_in_an_odd_folder(machine)


@mutant(ODD, guard="paths in SQL are quoted")
def test_unquoted_an_odd_folder_is_no_sql(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spill, "literal", unquoted)
    with pytest.raises(duckdb.ParserException):
        live_in_an_odd_folder(machine)


@fault(
    "Catalog",
    MISREAD,
    seen="exit 2, with the folder: locations are URLs, and some engines unescape them",
)
@pytest.mark.parametrize("name", ["what?", "no #1", "100%41"])
def test_a_folder_that_locations_cannot_name_is_refused(
    machine: Machine, name: str
) -> None:
    live_where_locations_lie(machine, name)


@mutant(MISREAD, guard="such a path is refused")
def test_unseen_it_would_be_used(machine: Machine) -> None:
    off = f"orchestration.settings:_refuse_escapes={HERE}:nothing"
    with pytest.raises(AssertionError):
        live_where_locations_lie(machine, "no #1", off)


def live_where_locations_lie(machine: Machine, name: str, switch_off: str = "") -> None:
    home = machine.settings.home / name
    done = machine.firn("branches", switch_off=switch_off, FIRN_HOME=str(home))
    is_clear(done, 2, "FIRN_HOME", name)
    assert not home.exists()
