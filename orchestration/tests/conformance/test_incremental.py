"""dbt's suite incremental."""

from dbt.tests.adapter.incremental.test_incremental_merge_exclude_columns import (
    BaseMergeExcludeColumns,
)
from dbt.tests.adapter.incremental.test_incremental_microbatch import BaseMicrobatch
from dbt.tests.adapter.incremental.test_incremental_on_schema_change import (
    BaseIncrementalOnSchemaChange,
)
from dbt.tests.adapter.incremental.test_incremental_predicates import (
    BaseIncrementalPredicates,
    TestPredicatesDeleteInsert,
)
from dbt.tests.adapter.incremental.test_incremental_unique_id import (
    BaseIncrementalUniqueKey,
)

from orchestration.tests.conformance.suites import collect

collect(
    globals(),
    BaseMergeExcludeColumns,
    BaseMicrobatch,
    BaseIncrementalOnSchemaChange,
    BaseIncrementalPredicates,
    TestPredicatesDeleteInsert,
    BaseIncrementalUniqueKey,
)
