"""dbt's suite empty."""

from dbt.tests.adapter.empty.test_empty import (
    BaseTestEmpty,
    BaseTestEmptyInlineSourceRef,
    BaseTestEmptySeedFlag,
    MetadataWithEmptyFlag,
)
from dbt.tests.adapter.sample_mode.test_sample_mode import BaseSampleModeTest

from orchestration.tests.conformance.suites import collect

collect(
    globals(),
    BaseTestEmpty,
    BaseTestEmptyInlineSourceRef,
    BaseTestEmptySeedFlag,
    MetadataWithEmptyFlag,
)
# A timestamp has no zone.
collect(globals(), BaseSampleModeTest, changed={"00-0'": "00'"})
