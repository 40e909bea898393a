"""Where the catalog and its warehouse are: in folders of any name, or almost."""

from contextlib import closing
from dataclasses import replace

import pytest

from orchestration.lake import session
from orchestration.tests.faults.catalog_machine import Machine, is_clear
from orchestration.tests.pages import fault

ODD = "local state in a folder with spaces, quotes and letters of any alphabet"


@fault("Catalog", ODD, seen="nothing: it works as anywhere")
def test_any_folder_can_be_home(machine: Machine) -> None:
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


@fault(
    "Catalog",
    "local state in a folder with '?', '#' or '%41' in its path",
    seen="exit 2, with the folder: locations are URLs, and some engines unescape them",
)
@pytest.mark.parametrize("name", ["what?", "no #1", "100%41"])
def test_a_folder_that_locations_cannot_name_is_refused(
    machine: Machine, name: str
) -> None:
    home = machine.settings.home / name
    is_clear(machine.firn("branches", FIRN_HOME=str(home)), 2, "FIRN_HOME", name)
    assert not home.exists()
