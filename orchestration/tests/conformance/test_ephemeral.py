"""Ephemeral models."""

from pathlib import Path
from typing import Any

import pytest
from dbt.tests.adapter.ephemeral.test_ephemeral import (
    BaseEphemeralErrorHandling,
    BaseEphemeralMulti,
    BaseEphemeralNested,
)
from dbt.tests.util import check_relations_equal, run_dbt

from orchestration.tests.conformance.engines import DUCKDB, Engine
from orchestration.tests.conformance.suites import collect

_MULTI = """
with __dbt__cte__base as (
    select * from {source}
),  __dbt__cte__base_copy as (
    select * from __dbt__cte__base
)-- base_copy just pulls from base. Make sure the listed
-- graph of CTEs all share the same dbt_cte__base cte
select * from __dbt__cte__base where gender = 'Male'
union all
select * from __dbt__cte__base_copy where gender = 'Female'
"""
_NESTED = """
with __dbt__cte__ephemeral_level_two as (
    select * from {source}
),  __dbt__cte__ephemeral as (
    select * from __dbt__cte__ephemeral_level_two
)select * from __dbt__cte__ephemeral
"""


def compiled(name: str) -> str:
    """Without blanks. Upstream looks into `target/run`, for a CREATE of Postgres."""
    return _tight(Path(f"target/compiled/test/models/{name}.sql").read_text())


def _tight(sql: str) -> str:
    return "".join(sql.split())


class TestEphemeralMulti(BaseEphemeralMulti):
    @pytest.fixture(autouse=True)
    def on(self, engine: Engine) -> None:
        self.engine = engine

    def test_ephemeral_multi(self, project: Any) -> None:
        run_dbt(["seed"])
        assert len(run_dbt(["run"])) == 3
        for name in ("dependent", "double_dependent", "super_dependent"):
            check_relations_equal(project.adapter, ["seed", name])
        database = "lake." if self.engine is DUCKDB else ""
        expected = _MULTI.format(source=f"{database}{project.test_schema}.seed")
        assert compiled("double_dependent") == _tight(expected)


class TestEphemeralNested(BaseEphemeralNested):
    def test_ephemeral_nested(self, project: Any) -> None:
        assert len(run_dbt(["run"])) == 2
        source = project.adapter.Relation.create(
            database=project.database,
            schema=project.test_schema,
            identifier="source_table",
            quote_policy={"schema": True, "identifier": True},
        )
        assert compiled("root_view") == _tight(_NESTED.format(source=source))


collect(globals(), BaseEphemeralErrorHandling)
