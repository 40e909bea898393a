"""dbt's suite simple copy."""

from dbt.tests.adapter.simple_copy.test_copy_uppercase import BaseSimpleCopyUppercase
from dbt.tests.adapter.simple_copy.test_simple_copy import (
    EmptyModelsArentRunBase,
    SimpleCopyBase,
)

from orchestration.tests.conformance.suites import collect

collect(
    globals(),
    BaseSimpleCopyUppercase,
    SimpleCopyBase,
    EmptyModelsArentRunBase,
)
