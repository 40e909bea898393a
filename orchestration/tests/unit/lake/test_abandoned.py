import os
import time
from pathlib import Path

from orchestration.lake import Lake
from orchestration.tests.postgres import on_both_databases
from orchestration.tests.unit.lake.states import Put, state

pytestmark = on_both_databases

OLD, NEW = 25 * 60 * 60, 23 * 60 * 60


def metadata(folder: Path, name: str, *, age: int) -> str:
    path = folder / name
    path.write_text("{}")
    os.utime(path, (time.time() - age,) * 2)
    return f"file://{path}"


def test_refresh_forgets_what_was_abandoned_and_nothing_else(
    lake: Lake, put: Put, tmp_path: Path
) -> None:
    lake.create_branch("dev")
    put("dev", "a.x__firn_tmp_old", metadata(tmp_path, "old", age=OLD))
    put("dev", "a.x__firn_tmp_new", metadata(tmp_path, "new", age=NEW))
    put("dev", "a.x__firn_tmp_gone", f"file://{tmp_path}/gone")
    put("dev", "a.x", metadata(tmp_path, "x", age=OLD))
    lake.refresh("dev")
    assert sorted(state(lake, "dev")) == ["a.x", "a.x__firn_tmp_new"]
