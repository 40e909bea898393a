"""dbt's suite grants."""

from dbt.tests.adapter.grants.test_incremental_grants import BaseIncrementalGrants
from dbt.tests.adapter.grants.test_invalid_grants import BaseInvalidGrants
from dbt.tests.adapter.grants.test_model_grants import BaseModelGrants
from dbt.tests.adapter.grants.test_seed_grants import BaseSeedGrants
from dbt.tests.adapter.grants.test_snapshot_grants import BaseSnapshotGrants

from orchestration.tests.conformance.suites import collect

collect(
    globals(),
    BaseIncrementalGrants,
    BaseInvalidGrants,
    BaseModelGrants,
    BaseSeedGrants,
    BaseSnapshotGrants,
)
