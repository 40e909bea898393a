"""Seeds."""

from pathlib import Path
from typing import Any, ClassVar

import pytest
from dbt.tests.adapter.simple_seed import seeds, test_seed
from dbt.tests.adapter.simple_seed.test_seed import (
    BaseBasicSeedTests,
    BaseSeedConfigFullRefreshOff,
    BaseSeedConfigFullRefreshOn,
    BaseSeedCustomSchema,
    BaseSeedParsing,
    BaseSeedSpecificFormats,
    BaseSeedWithEmptyDelimiter,
    BaseSeedWithUniqueDelimiter,
    BaseSeedWithWrongDelimiter,
    BaseSimpleSeedEnabledViaConfig,
    BaseSimpleSeedWithBOM,
    BaseTestEmptySeed,
)
from dbt.tests.adapter.simple_seed.test_seed_type_override import (
    BaseSimpleSeedColumnOverride,
)
from dbt.tests.util import run_dbt

from orchestration.tests.conformance.suites import collect


class TestBasicSeedTests(BaseBasicSeedTests):
    def test_simple_seed_full_refresh_flag(self, project: Any) -> None:
        """Nothing is dropped by a full refresh, so what reads the seed stays, too."""
        self._build_relations_for_test(project)
        result = run_dbt(["seed", "--full-refresh"])
        self._check_relation_end_state(run_result=result, project=project, exists=True)


class TestSeedConfigFullRefreshOn(BaseSeedConfigFullRefreshOn):
    def test_simple_seed_full_refresh_config(self, project: Any) -> None:
        """As above."""
        self._build_relations_for_test(project)
        result = run_dbt(["seed"])
        self._check_relation_end_state(run_result=result, project=project, exists=True)


class TestSimpleSeedEnabledViaConfig(BaseSimpleSeedEnabledViaConfig):
    @pytest.fixture
    def clear_test_schema(self, project: Any) -> Any:
        """By the adapter: the lake's engines have no `drop schema … cascade`."""
        yield
        schemas = list(project.created_schemas)
        project.drop_test_schema()
        for schema in schemas:
            project.create_test_schema(schema)


class TestSimpleSeedWithBOM(BaseSimpleSeedWithBOM):
    @pytest.fixture(scope="class", autouse=True)
    def setUp(self, project: Any) -> None:  # upstream's name
        project.run_sql(seeds.seeds__expected_sql)
        source = Path(test_seed.__file__).with_name("seed_bom.csv")
        target = Path(project.project_root) / "seeds/seed_bom.csv"
        target.write_bytes(source.read_bytes())


class TestSimpleSeedColumnOverride(BaseSimpleSeedColumnOverride):
    # What the engines call the types.
    changed_on_duckdb: ClassVar = {
        "type: text": "type: character varying(256)",
        "type: date": "type: DATE",
        "type: boolean": "type: BOOLEAN",
        "type: integer": "type: BIGINT",
        "type: timestamp without time zone": "type: TIMESTAMP",
    }
    changed_on_spark: ClassVar = {
        "type: text": "type: string",
        "type: integer": "type: bigint",
        "type: timestamp without time zone": "type: timestamp_ntz",
    }


class TestSeedSpecificFormats(BaseSeedSpecificFormats):
    @pytest.fixture(scope="class")
    def test_data_dir(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """A folder that is not there yet."""
        return tmp_path_factory.mktemp("seed") / "data"


collect(
    globals(),
    BaseSeedConfigFullRefreshOff,
    BaseSeedCustomSchema,
    BaseSeedWithUniqueDelimiter,
    BaseSeedWithWrongDelimiter,
    BaseSeedWithEmptyDelimiter,
    BaseSeedParsing,
    BaseTestEmptySeed,
)
