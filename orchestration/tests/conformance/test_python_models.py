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

# What Spark's frames say, and DuckDB's relations say otherwise.
AS_DUCKDB = {
    "df.filter(df.id > 5)": "df.filter('id > 5')",
    "return session.createDataFrame(data, [": (
        "import pandas\n    return pandas.DataFrame(data, columns=["
    ),
}
collect(globals(), BasePythonModelTests, BasePySparkTests)
collect(
    globals(),
    BasePythonIncrementalTests,
    BasePythonMetaGetTests,
    changed=AS_DUCKDB,
)
# A timestamp has no zone.
collect(
    globals(),
    BasePythonEmptyTests,
    BasePythonSampleTests,
    changed={"00-0'": "00'"},
)
