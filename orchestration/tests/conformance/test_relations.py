"""dbt's suite relations."""

from dbt.tests.adapter.relations.test_changing_relation_type import (
    BaseChangeRelationTypeValidator,
)
from dbt.tests.adapter.relations.test_dropping_schema_named import BaseDropSchemaNamed

from orchestration.tests.conformance.suites import collect

collect(
    globals(),
    BaseChangeRelationTypeValidator,
    BaseDropSchemaNamed,
)
