"""dbt's suite concurrency."""

from dbt.tests.adapter.concurrency.test_concurrency import BaseConcurrency

from orchestration.tests.conformance.suites import collect

collect(
    globals(),
    BaseConcurrency,
)
