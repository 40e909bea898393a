"""Incremental models: strategies, keys, predicates, changes of schema."""

from typing import Any, ClassVar

import pytest
from dbt.artifacts.schemas.results import RunStatus
from dbt.tests.adapter.incremental.test_incremental_merge_exclude_columns import (
    BaseMergeExcludeColumns,
)
from dbt.tests.adapter.incremental.test_incremental_microbatch import BaseMicrobatch
from dbt.tests.adapter.incremental.test_incremental_on_schema_change import (
    BaseIncrementalOnSchemaChange,
)
from dbt.tests.adapter.incremental.test_incremental_predicates import (
    BaseIncrementalPredicates,
    TestPredicatesDeleteInsert,
)
from dbt.tests.adapter.incremental.test_incremental_unique_id import (
    BaseIncrementalUniqueKey,
)
from dbt.tests.util import run_dbt

from orchestration.tests.conformance.suites import collect

__all__ = ["TestPredicatesDeleteInsert"]


class TestMicrobatch(BaseMicrobatch):
    """A batch replaces its range: there is no key to say."""

    changed: ClassVar = {
        "unique_key='id', ": "",
        "TIMESTAMP '20": "timestamp '20",
        "00-0'": "00'",
    }

    @pytest.fixture(scope="class")
    def insert_two_rows_sql(self, project: Any) -> str:
        return (
            f"insert into {project.test_schema}.input_model (id, event_time) values "
            "(4, timestamp '2020-01-04 00:00:00'), (5, timestamp '2020-01-05 00:00:00')"
        )


class TestIncrementalUniqueKey(BaseIncrementalUniqueKey):
    """A key names one row, from the first run on: upstream's seed has two in NY."""

    changed: ClassVar = {
        "NY,New York": "VT,New York",
        "'NY','New York'": "'VT','New York'",
        "CO,Denver,,": "CO,Denver,Denver,",
        "'CO','Denver',null": "'CO','Denver','Denver'",
    }

    def fail_to_build_inc_missing_unique_key_column(
        self, incremental_model_name: str
    ) -> tuple[RunStatus, str]:
        run_dbt(["seed", "--select", "seed", "--full-refresh"])
        command = ["run", "--select", incremental_model_name]
        result = run_dbt(command, expect_pass=False).results[0]
        return result.status, result.message


class TestMergePredicates(BaseIncrementalPredicates):
    """The same by merge, as other adapters without transactions test it."""

    @pytest.fixture(scope="class")
    def project_config_update(self) -> dict[str, Any]:
        return {
            "models": {
                "+incremental_predicates": ["DBT_INTERNAL_DEST.id != 2"],
                "+incremental_strategy": "merge",
            }
        }


collect(
    globals(),
    BaseMergeExcludeColumns,
    BaseIncrementalOnSchemaChange,
    BaseIncrementalPredicates,
)
