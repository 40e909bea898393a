"""dbt's suite python models."""

from dbt.tests.adapter.python_model.test_python_model import (
    BasePythonEmptyTests,
    BasePythonIncrementalTests,
    BasePythonMetaGetTests,
    BasePythonModelTests,
    BasePythonSampleTests,
)
from dbt.tests.adapter.python_model.test_spark import BasePySparkTests

from orchestration.tests.conformance.suites import collect

collect(
    globals(),
    BasePythonModelTests,
    BasePythonIncrementalTests,
    BasePythonMetaGetTests,
    BasePythonEmptyTests,
    BasePythonSampleTests,
    BasePySparkTests,
)
