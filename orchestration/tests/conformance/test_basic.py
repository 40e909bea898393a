"""The basic suite."""

from typing import Any

import pytest
from dbt.tests.adapter.basic.expected_catalog import (
    base_expected_catalog,
    expected_references_catalog,
    no_stats,
)
from dbt.tests.adapter.basic.test_adapter_methods import BaseAdapterMethod
from dbt.tests.adapter.basic.test_base import BaseSimpleMaterializations
from dbt.tests.adapter.basic.test_docs_generate import (
    BaseDocsGenerate,
    BaseDocsGenReferences,
)
from dbt.tests.adapter.basic.test_empty import BaseEmpty
from dbt.tests.adapter.basic.test_ephemeral import BaseEphemeral
from dbt.tests.adapter.basic.test_generic_tests import BaseGenericTests
from dbt.tests.adapter.basic.test_incremental import (
    BaseIncremental,
    BaseIncrementalBadStrategy,
    BaseIncrementalNotSchemaChange,
)
from dbt.tests.adapter.basic.test_singular_tests import BaseSingularTests
from dbt.tests.adapter.basic.test_singular_tests_ephemeral import (
    BaseSingularTestsEphemeral,
)
from dbt.tests.adapter.basic.test_snapshot_check_cols import BaseSnapshotCheckCols
from dbt.tests.adapter.basic.test_snapshot_timestamp import BaseSnapshotTimestamp
from dbt.tests.adapter.basic.test_table_materialization import BaseTableMaterialization
from dbt.tests.adapter.basic.test_validate_connection import BaseValidateConnection
from dbt.tests.util import run_dbt

from orchestration.tests.conformance.engines import DUCKDB, Engine
from orchestration.tests.conformance.suites import collect


class Rows:
    """The statistics of a table with that many rows: equal to what the catalog says."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __eq__(self, found: object) -> bool:
        assert isinstance(found, dict)
        expected = {"rows", "files", "last_commit", "has_stats"}
        assert expected <= found.keys(), found
        return float(found["rows"]["value"]) == self._count

    __hash__ = None  # type: ignore[assignment]


def placed(catalog: dict[str, Any], engine: Engine) -> dict[str, Any]:
    """On DuckDB, views are in memory."""
    for node in catalog["nodes"].values():
        if engine is DUCKDB and node["metadata"]["type"] == "VIEW":
            node["metadata"]["database"] = "memory"
    return catalog


WORDS = {
    "role": None,
    "id_type": "BIGINT",
    "text_type": "VARCHAR",
    "time_type": "TIMESTAMP",
    "view_type": "VIEW",
    "table_type": "BASE TABLE",
    "seed_stats": Rows(1),
}


class TestIncrementalBadStrategy(BaseIncrementalBadStrategy):
    def test_incremental_invalid_strategy(self, project: Any) -> None:  # noqa: ARG002
        """As upstream's, with our words for it."""
        run_dbt(["seed"])
        (result,) = run_dbt(["run", "--select", "incremental"], expect_pass=False)
        assert result.status == "error"
        expected = "incremental_strategy 'bad_strategy' is unknown. Use one of append"
        assert expected in result.message


class TestDocsGenerate(BaseDocsGenerate):
    @pytest.fixture(scope="class")
    def expected_catalog(self, project: Any, engine: Engine) -> dict[str, Any]:
        return placed(
            base_expected_catalog(project, model_stats=no_stats(), **WORDS), engine
        )


class TestDocsGenReferences(BaseDocsGenReferences):
    @pytest.fixture(scope="class")
    def expected_catalog(self, project: Any, engine: Engine) -> dict[str, Any]:
        return placed(
            expected_references_catalog(
                project,
                model_stats=Rows(1),
                view_summary_stats=no_stats(),
                bigint_type="BIGINT",
                **WORDS,
            ),
            engine,
        )


collect(
    globals(),
    BaseAdapterMethod,
    BaseSimpleMaterializations,
    BaseEmpty,
    BaseEphemeral,
    BaseGenericTests,
    BaseIncremental,
    BaseIncrementalNotSchemaChange,
    BaseSingularTests,
    BaseSingularTestsEphemeral,
    BaseSnapshotCheckCols,
    BaseSnapshotTimestamp,
    BaseTableMaterialization,
    BaseValidateConnection,
)
