"""dbt's suite catalog."""

from dbt.tests.adapter.catalog.relation_types import CatalogRelationTypes
from dbt.tests.adapter.column_types.test_column_types import BasePostgresColumnTypes

from orchestration.tests.conformance.suites import collect

collect(
    globals(),
    CatalogRelationTypes,
    BasePostgresColumnTypes,
)
