"""Unit tests of models."""

import pytest
from dbt.tests.adapter.unit_testing.test_case_insensitivity import (
    BaseUnitTestCaseInsensivity,
)
from dbt.tests.adapter.unit_testing.test_invalid_input import BaseUnitTestInvalidInput
from dbt.tests.adapter.unit_testing.test_quoted_reserved_word_column_names import (
    BaseUnitTestQuotedReservedWordColumnNames,
)
from dbt.tests.adapter.unit_testing.test_types import (
    BaseUnitTestingTypes,
    BaseUnitTestingVarcharFixtureNoTruncation,
)

from orchestration.tests.conformance.engines import Engine
from orchestration.tests.conformance.suites import collect

_TYPES = [
    ["1", "1"],
    ["2.0", "2.0"],
    ["'12345'", "12345"],
    ["'string'", "string"],
    ["true", "true"],
    ["date '2011-11-11'", "2011-11-11"],
    ["timestamp '2013-11-03 00:00:00'", "2013-11-03 00:00:00"],
]
_NESTED = {
    "duckdb": [
        ["['a', 'b', 'c']", "['a', 'b', 'c']"],
        ["[1, 2, 3]", "[1, 2, 3]"],
        ["{'a': 'b'}", "{'a': 'b'}"],
    ],
    "spark": [
        ["array(1, 2, 3)", "'array(1, 2, 3)'"],
        ["map('10', 't', '15', 'f')", "\"map('10', 't', '15', 'f')\""],
        ["named_struct('a', 1, 'b', 2)", "\"named_struct('a', 1, 'b', 2)\""],
    ],
}


class TestUnitTestingTypes(BaseUnitTestingTypes):
    @pytest.fixture
    def data_types(self, engine: Engine) -> list[list[str]]:
        """What a query says, what a row of the unit test says."""
        return [*_TYPES, *_NESTED[engine.name]]


collect(
    globals(),
    BaseUnitTestCaseInsensivity,
    BaseUnitTestInvalidInput,
    BaseUnitTestQuotedReservedWordColumnNames,
    BaseUnitTestingVarcharFixtureNoTruncation,
)
