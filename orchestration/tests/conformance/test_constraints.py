"""Contracts and constraints.

The lake holds `not_null` and `check` and refuses the rest: keys are left out
of the projects here, where a test is about something else.
"""

from pathlib import Path
from typing import Any, ClassVar

import pytest
from dbt.tests.adapter.constraints.test_constraints import (
    BaseConstraintQuotedColumn,
    BaseConstraintsRollback,
    BaseConstraintsRuntimeDdlEnforcement,
    BaseIncrementalConstraintsColumnsEqual,
    BaseIncrementalConstraintsRollback,
    BaseIncrementalConstraintsRuntimeDdlEnforcement,
    BaseIncrementalContractSqlHeader,
    BaseIncrementalForeignKeyConstraint,
    BaseModelConstraintsRuntimeEnforcement,
    BaseTableConstraintsColumnsEqual,
    BaseTableContractSqlHeader,
    BaseViewConstraintsColumnsEqual,
)
from dbt.tests.util import run_dbt

from orchestration.tests.conformance.engines import SPARK, Engine
from orchestration.tests.conformance.suites import collect

NO_KEYS = {"          - type: primary_key\n": ""}
OF_IDS = """        constraints:
          - type: not_null
          - type: primary_key
          - type: check
            expression: (id > 0)
"""


class OfTypes:
    """Types as a contract names them on either engine: by DuckDB's words."""

    changed: ClassVar = NO_KEYS

    @pytest.fixture
    def schema_string_type(self) -> str:
        return "VARCHAR"

    @pytest.fixture
    def schema_int_type(self) -> str:
        return "INTEGER"

    @pytest.fixture
    def string_type(self, engine: Engine) -> str:
        """As an error says it."""
        return "string" if engine is SPARK else "VARCHAR"

    @pytest.fixture
    def int_type(self, engine: Engine) -> str:
        return "int" if engine is SPARK else "INTEGER"

    @pytest.fixture
    def data_types(self, engine: Engine) -> list[list[str]]:
        is_spark = engine is SPARK
        text, number = ("array('a')", "array(1)") if is_spark else ("['a']", "[1]")
        with_zone = "timestamp_ltz" if is_spark else "timestamptz"
        types = [
            # What the query has, what the contract says, what an error says.
            ["1", "integer", "INT"],
            ["'1'", "varchar", "STRING" if is_spark else "VARCHAR"],
            ["true", "boolean", "BOOL"],
            ["timestamp '2013-11-03 00:00:00'", "timestamp", "TIMESTAMP"],
            [f"cast('2013-11-03' as {with_zone})", "timestamptz", "TIMESTAMP"],
            [text, "varchar[]", "ARRAY" if is_spark else "VARCHAR[]"],
            [number, "integer[]", "ARRAY" if is_spark else "INTEGER[]"],
            ["cast(1 as decimal(18, 3))", "decimal(18, 3)", "DECIMAL"],
            ["date '2013-11-03'", "date", "DATE"],
        ]
        if is_spark:
            return [[query, contract, said.lower()] for query, contract, said in types]
        return types


class TestTableConstraintsColumnsEqual(OfTypes, BaseTableConstraintsColumnsEqual):
    pass


class TestViewConstraintsColumnsEqual(OfTypes, BaseViewConstraintsColumnsEqual):
    # A view holds no rows that a constraint could be about.
    changed: ClassVar = {
        OF_IDS + "          - type: check\n            expression: id >= 1\n": "",
        OF_IDS: "",
    }


class TestIncrementalConstraintsColumnsEqual(
    OfTypes, BaseIncrementalConstraintsColumnsEqual
):
    pass


class OfRollback:
    changed = NO_KEYS

    @pytest.fixture(scope="class")
    def expected_error_messages(self, engine: Engine) -> list[str]:
        if engine is SPARK:
            return ["NOT_NULL_ASSERT_VIOLATION"]
        return ["NOT NULL constraint failed"]


class TestConstraintsRollback(OfRollback, BaseConstraintsRollback):
    pass


class TestIncrementalConstraintsRollback(
    OfRollback, BaseIncrementalConstraintsRollback
):
    pass


class TestConstraintQuotedColumn(BaseConstraintQuotedColumn):
    def test__constraints_ddl(self, project: Any, expected_sql: str) -> None:  # noqa: ARG002
        """Upstream compares a CREATE TABLE of Postgres: here, both constraints hold."""
        run_dbt(["run"])
        model = Path(project.project_root) / "models/my_model.sql"
        blue = model.read_text()
        for other, broken in (("'red'", "check"), ("cast(null as varchar(9))", "NOT")):
            model.write_text(blue.replace("'blue'", other))
            (result,) = run_dbt(["run"], expect_pass=False)
            assert broken in result.message


class OfHeader:
    """A header that sets a variable, as each engine has them; the model reads it."""

    changed_on_duckdb: ClassVar = {
        "set session time zone": "set timezone =",
        "current_setting('timezone')": "current_setting('timezone')::varchar",
    }
    changed_on_spark: ClassVar = {
        "set session time zone 'Asia/Kolkata';": "set time zone 'Asia/Kolkata'",
        "current_setting('timezone')": "current_timezone()",
    }


class TestTableContractSqlHeader(OfHeader, BaseTableContractSqlHeader):
    pass


class TestIncrementalContractSqlHeader(OfHeader, BaseIncrementalContractSqlHeader):
    pass


collect(
    globals(),
    BaseConstraintsRuntimeDdlEnforcement,
    BaseIncrementalConstraintsRuntimeDdlEnforcement,
    BaseModelConstraintsRuntimeEnforcement,
    BaseIncrementalForeignKeyConstraint,
)
