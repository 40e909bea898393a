"""Cross-database macros, and what they say of types and time."""

from typing import Any, ClassVar

import pytest
from dbt.tests.adapter.utils.data_types.test_type_bigint import BaseTypeBigInt
from dbt.tests.adapter.utils.data_types.test_type_boolean import BaseTypeBoolean
from dbt.tests.adapter.utils.data_types.test_type_float import BaseTypeFloat
from dbt.tests.adapter.utils.data_types.test_type_int import BaseTypeInt
from dbt.tests.adapter.utils.data_types.test_type_numeric import BaseTypeNumeric
from dbt.tests.adapter.utils.data_types.test_type_string import BaseTypeString
from dbt.tests.adapter.utils.data_types.test_type_timestamp import BaseTypeTimestamp
from dbt.tests.adapter.utils.test_any_value import BaseAnyValue
from dbt.tests.adapter.utils.test_array_append import BaseArrayAppend
from dbt.tests.adapter.utils.test_array_concat import BaseArrayConcat
from dbt.tests.adapter.utils.test_array_construct import BaseArrayConstruct
from dbt.tests.adapter.utils.test_bool_or import BaseBoolOr
from dbt.tests.adapter.utils.test_cast import BaseCast
from dbt.tests.adapter.utils.test_cast_bool_to_text import BaseCastBoolToText
from dbt.tests.adapter.utils.test_concat import BaseConcat
from dbt.tests.adapter.utils.test_date import BaseDate
from dbt.tests.adapter.utils.test_date_spine import BaseDateSpine
from dbt.tests.adapter.utils.test_date_trunc import BaseDateTrunc
from dbt.tests.adapter.utils.test_dateadd import BaseDateAdd
from dbt.tests.adapter.utils.test_datediff import BaseDateDiff
from dbt.tests.adapter.utils.test_equals import BaseEquals
from dbt.tests.adapter.utils.test_escape_single_quotes import (
    BaseEscapeSingleQuotesBackslash,
    BaseEscapeSingleQuotesQuote,
)
from dbt.tests.adapter.utils.test_except import BaseExcept
from dbt.tests.adapter.utils.test_generate_series import BaseGenerateSeries
from dbt.tests.adapter.utils.test_get_intervals_between import BaseGetIntervalsBetween
from dbt.tests.adapter.utils.test_get_powers_of_two import BaseGetPowersOfTwo
from dbt.tests.adapter.utils.test_hash import BaseHash
from dbt.tests.adapter.utils.test_intersect import BaseIntersect
from dbt.tests.adapter.utils.test_last_day import BaseLastDay
from dbt.tests.adapter.utils.test_length import BaseLength
from dbt.tests.adapter.utils.test_listagg import BaseListagg
from dbt.tests.adapter.utils.test_null_compare import (
    BaseMixedNullCompare,
    BaseNullCompare,
)
from dbt.tests.adapter.utils.test_position import BasePosition
from dbt.tests.adapter.utils.test_replace import BaseReplace
from dbt.tests.adapter.utils.test_right import BaseRight
from dbt.tests.adapter.utils.test_safe_cast import BaseSafeCast
from dbt.tests.adapter.utils.test_source_freshness_custom_info import (
    BaseCalculateFreshnessMethod,
)
from dbt.tests.adapter.utils.test_split_part import BaseSplitPart
from dbt.tests.adapter.utils.test_string_literal import BaseStringLiteral
from dbt.tests.adapter.utils.test_timestamps import BaseCurrentTimestamps
from dbt.tests.adapter.utils.test_validate_sql import BaseValidateSqlMethod

from orchestration.tests.conformance.engines import SPARK, Engine
from orchestration.tests.conformance.suites import collect


class TestSplitPart(BaseSplitPart):
    """An empty row is NULL in the seed, and a part of it is then no text."""

    changed: ClassVar = {"\n,|,,,,\n": "\n"}


class TestLastDay(BaseLastDay):
    """A row without a date has no last day either."""


class TestDateSpine(BaseDateSpine):
    """DuckDB wants a date to say that it is one, as Postgres does."""

    changed_on_duckdb: ClassVar = {"target.type == 'postgres'": "true"}


class TestGetIntervalsBetween(BaseGetIntervalsBetween):
    changed: ClassVar = {"09/01/2023": "2023-09-01", "09/12/2023": "2023-09-12"}


class OfSeeds:
    """A seed's numbers are the widest of their kind, unless it says otherwise."""

    types: ClassVar[dict[str, str]] = {}

    @pytest.fixture(scope="class")
    def project_config_update(self) -> dict[str, Any]:
        return {"seeds": {"+column_types": self.types}}


class TestTypeFloat(OfSeeds, BaseTypeFloat):
    types: ClassVar = {"float_col": "float"}


class TestTypeInt(OfSeeds, BaseTypeInt):
    types: ClassVar = {"int_col": "integer"}


class TestCurrentTimestamps(BaseCurrentTimestamps):
    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        sql = "select {{ current_timestamp() }} as current_timestamp_column"
        return {"get_current_timestamp.sql": sql}

    @pytest.fixture(scope="class")
    def expected_sql(self) -> None:
        """What the adapter calls it is its own affair."""

    @pytest.fixture(scope="class")
    def expected_schema(self, engine: Engine) -> dict[str, str]:
        type_ = "timestamp" if engine is SPARK else "TIMESTAMP WITH TIME ZONE"
        return {"current_timestamp_column": type_}


collect(
    globals(),
    BaseTypeBigInt,
    BaseTypeBoolean,
    BaseTypeNumeric,
    BaseTypeString,
    BaseTypeTimestamp,
    BaseAnyValue,
    BaseArrayAppend,
    BaseArrayConcat,
    BaseArrayConstruct,
    BaseBoolOr,
    BaseCast,
    BaseCastBoolToText,
    BaseConcat,
    BaseDate,
    BaseDateTrunc,
    BaseDateAdd,
    BaseDateDiff,
    BaseEquals,
    BaseEscapeSingleQuotesQuote,
    BaseEscapeSingleQuotesBackslash,
    BaseExcept,
    BaseGenerateSeries,
    BaseGetPowersOfTwo,
    BaseHash,
    BaseIntersect,
    BaseLength,
    BaseListagg,
    BaseMixedNullCompare,
    BaseNullCompare,
    BasePosition,
    BaseReplace,
    BaseRight,
    BaseSafeCast,
    BaseCalculateFreshnessMethod,
    BaseStringLiteral,
    BaseValidateSqlMethod,
)
