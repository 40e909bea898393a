"""Hooks of models, seeds, snapshots and runs."""

from pathlib import Path
from typing import Any, ClassVar

import pytest
from dbt.tests.adapter.hooks import test_model_hooks
from dbt.tests.adapter.hooks.test_model_hooks import (
    BaseDuplicateHooksInConfigs,
    BaseHookRefs,
    BaseHooksRefsOnSeeds,
    BasePrePostModelHooks,
    BasePrePostModelHooksInConfig,
    BasePrePostModelHooksInConfigKwargs,
    BasePrePostModelHooksInConfigWithCount,
    BasePrePostModelHooksOnSeeds,
    BasePrePostModelHooksOnSeedsPlusPrefixed,
    BasePrePostModelHooksOnSeedsPlusPrefixedWhitespace,
    BasePrePostModelHooksOnSnapshots,
    BasePrePostSnapshotHooksInConfigKwargs,
)
from dbt.tests.adapter.hooks.test_run_hooks import (
    BaseAfterRunHooks,
    BasePrePostRunHooks,
)
from dbt.tests.util import run_dbt
from dbt_common.exceptions import DbtRuntimeError

from orchestration.tests.conformance.suites import collect

# Upstream runs it outside a transaction, which Postgres wants of a vacuum.
NO_VACUUM = {"vacuum {{ this.schema }}": "select 1 as one from {{ this.schema }}"}
SAID = ("target_name", "target_schema", "target_threads", "target_type")


@pytest.fixture(scope="module")
def test_data_dir() -> Path:
    return Path(test_model_hooks.__file__).parent / "data"


def check_context(context: dict[str, Any], state: str, project: Any) -> None:
    """As upstream's, for a target that is no Postgres."""
    assert context["test_state"] == state
    expected = ("default", project.test_schema, 4, project.adapter_type)
    assert tuple(context[name] for name in SAID) == expected
    for name in ("run_started_at", "invocation_id", "thread_id"):
        assert context[name]


class OfModels:
    """What upstream's tests of model hooks take from their base."""

    changed = NO_VACUUM

    def check_hooks(self, state: str, project: Any, _: str, count: int = 1) -> None:
        for context in self.get_ctx_vars(state, count, project):  # type: ignore[attr-defined]
            check_context(context, state, project)


class TestPrePostModelHooks(OfModels, BasePrePostModelHooks):
    pass


class TestPrePostModelHooksUnderscores(
    OfModels, test_model_hooks.TestPrePostModelHooksUnderscores
):
    pass


class TestHookRefs(OfModels, BaseHookRefs):
    pass


class TestPrePostModelHooksInConfig(OfModels, BasePrePostModelHooksInConfig):
    pass


class TestPrePostModelHooksInConfigKwargs(
    OfModels, BasePrePostModelHooksInConfigKwargs
):
    pass


class TestPrePostModelHooksInConfigWithCount(
    OfModels, BasePrePostModelHooksInConfigWithCount
):
    pass


class TestPrePostRunHooks(BasePrePostRunHooks):
    changed_on_spark: ClassVar = {
        "schema text": "schema string",
        "db text": "db string",
    }

    def check_hooks(self, state: str, project: Any, _: str) -> None:
        check_context(self.get_ctx_vars(state, project), state, project)

    def assert_used_schemas(self, project: Any) -> None:
        """On DuckDB the model is a view in memory; Spark has no databases."""
        rows = project.run_sql(f"select * from {project.test_schema}.schemas", "all")
        assert [tuple(row) for row in rows] == [(project.test_schema,)]
        pairs = f"select * from {project.test_schema}.db_schemas"
        [(database, schema)] = project.run_sql(pairs, fetch="all")
        known = {"duckdb": {"lake", "memory"}, "spark": {"None"}}
        assert database in known[project.adapter_type]
        assert schema == project.test_schema


class TestAfterRunHooks(BaseAfterRunHooks):
    def test_missing_column_pre_hook(self, project: Any) -> None:  # noqa: ARG002
        """Neither adapter raises upstream's more special error for a missing table."""
        with pytest.raises(DbtRuntimeError):
            run_dbt(["run"], expect_pass=False)


collect(
    globals(),
    BasePrePostModelHooksOnSeeds,
    BaseHooksRefsOnSeeds,
    BasePrePostModelHooksOnSeedsPlusPrefixed,
    BasePrePostModelHooksOnSeedsPlusPrefixedWhitespace,
    BasePrePostModelHooksOnSnapshots,
    BasePrePostSnapshotHooksInConfigKwargs,
    BaseDuplicateHooksInConfigs,
)
