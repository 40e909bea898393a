"""dbt debug and dbt show."""

from typing import Any

import pytest
from dbt.tests.adapter.dbt_debug.test_dbt_debug import (
    BaseDebugInvalidProjectPostgres,
    BaseDebugPostgres,
)
from dbt.tests.adapter.dbt_show.test_dbt_show import (
    BaseShowDoesNotHandleDoubleLimit,
    BaseShowLimit,
    BaseShowSqlHeader,
)

from orchestration.tests.conformance.engines import DUCKDB, Engine
from orchestration.tests.conformance.suites import collect


class TestDebug(BaseDebugPostgres):
    @pytest.fixture(scope="class")
    def dbt_profile_data(self, engine: Engine, unique_schema: str) -> dict[str, Any]:
        """Besides the good target, some that upstream's tests expect to fail."""
        good = engine.profile() | {"schema": unique_schema}
        outputs = {
            "default": good,
            "nopass": {"type": engine.name},
            "wronguser": _elsewhere(good, engine),
            "none_target": None,
        }
        return {"test": {"outputs": outputs, "target": "default"}}


def _elsewhere(profile: dict[str, Any], engine: Engine) -> dict[str, Any]:
    """There are no users: a target that may not build, as no run named its branch."""
    if engine is DUCKDB:
        plugin = profile["plugins"][0]
        config = {"needs_branch": True, "branch": ""}
        return profile | {"plugins": [plugin | {"config": config}]}
    settings = profile["server_side_parameters"]
    own = {"firn.needs_branch": "true", "firn.branch": ""}
    return profile | {"server_side_parameters": settings | own}


class TestShowDoesNotHandleDoubleLimit(BaseShowDoesNotHandleDoubleLimit):
    DATABASE_ERROR_MESSAGE = "limit"


collect(globals(), BaseDebugInvalidProjectPostgres, BaseShowLimit, BaseShowSqlHeader)
