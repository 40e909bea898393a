"""Seeds copied through models of all kinds, and names in capitals."""

from typing import Any

import pytest
from dbt.tests.adapter.simple_copy.test_copy_uppercase import BaseSimpleCopyUppercase
from dbt.tests.adapter.simple_copy.test_simple_copy import (
    EmptyModelsArentRunBase,
    SimpleCopyBase,
)

from orchestration.tests.conformance.engines import Engine
from orchestration.tests.conformance.suites import collect


class TestSimpleCopyUppercase(BaseSimpleCopyUppercase):
    @pytest.fixture(scope="class")
    def dbt_profile_target(self, engine: Engine) -> dict[str, Any]:
        """Upstream's is a database of Postgres with capitals in its name."""
        return engine.profile()


collect(globals(), SimpleCopyBase, EmptyModelsArentRunBase)
