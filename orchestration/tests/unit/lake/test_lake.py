import subprocess
import sys

import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.schema import Schema
from pyiceberg.types import LongType, NestedField

from orchestration.errors import NotFoundError
from orchestration.lake import Lake, TableId
from orchestration.settings import Settings
from orchestration.tests.unit.lake.states import Put

IDS = Schema(NestedField(1, "id", LongType(), required=False))


def test_load_reads_a_table_as_it_is_on_a_branch(
    lake: Lake, settings: Settings, put: Put
) -> None:
    lake.create_branch("dev")
    catalog = SqlCatalog(
        "dev", uri=settings.database_url, warehouse=f"file://{settings.warehouse}"
    )
    catalog.create_namespace("marts")
    made = catalog.create_table("marts.t", IDS)
    catalog.close()
    loaded = lake.load("dev", TableId("marts", "t"))
    assert loaded.metadata == made.metadata
    put("dev", "marts.v", made.metadata_location, "VIEW")
    for branch, table in (("main", "t"), ("dev", "nope"), ("dev", "v")):
        with pytest.raises(NotFoundError, match=rf"marts\.{table}"):
            lake.load(branch, TableId("marts", table))
    with pytest.raises(NotFoundError, match="nowhere"):
        lake.load("nowhere", TableId("marts", "t"))


def test_importing_the_package_is_light() -> None:

    code = "import sys, orchestration.lake; print('sqlalchemy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
