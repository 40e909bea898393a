"""dbt's suite ephemeral."""

from dbt.tests.adapter.ephemeral.test_ephemeral import (
    BaseEphemeralErrorHandling,
    BaseEphemeralMulti,
    BaseEphemeralNested,
)

from orchestration.tests.conformance.suites import collect

collect(
    globals(),
    BaseEphemeralMulti,
    BaseEphemeralNested,
    BaseEphemeralErrorHandling,
)
