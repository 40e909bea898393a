"""dbt's suite clone."""

from dbt.tests.adapter.dbt_clone.test_dbt_clone import (
    BaseCloneNotPossible,
    BaseClonePossible,
    BaseCloneSameSourceAndTarget,
    BaseCloneSameTargetAndState,
    TestPostgresCloneNotPossible,
)

from orchestration.tests.conformance.suites import collect

collect(
    globals(),
    BaseClonePossible,
    BaseCloneNotPossible,
    BaseCloneSameSourceAndTarget,
    TestPostgresCloneNotPossible,
    BaseCloneSameTargetAndState,
)
