"""dbt's suite empty."""

from typing import ClassVar

from dbt.tests.adapter.empty.test_empty import (
    BaseTestEmpty,
    BaseTestEmptyInlineSourceRef,
    BaseTestEmptySeedFlag,
    MetadataWithEmptyFlag,
)
from dbt.tests.adapter.sample_mode.test_sample_mode import BaseSampleModeTest

from orchestration.tests.conformance.suites import collect


class TestMetadataWithEmptyFlag(MetadataWithEmptyFlag):
    # Spark's varchar has a length.
    changed_on_spark: ClassVar = {'"varchar"': '"string"'}


collect(
    globals(),
    BaseTestEmpty,
    BaseTestEmptyInlineSourceRef,
    BaseTestEmptySeedFlag,
)
# A timestamp has no zone.
collect(globals(), BaseSampleModeTest, changed={"00-0'": "00'"})
