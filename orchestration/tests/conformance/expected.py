"""Every test of upstream's that does not pass, and why: the only place that says so.

Each of them runs all the same, and one that passes after all fails the run: the table
cannot grow old.
"""

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from orchestration.tests.conformance.engines import DUCKDB, ENGINES, SPARK, Engine


class Verdict(StrEnum):
    """What becomes of a test that does not pass."""

    FAILS = "fail"  # it could mean something here, and does not work
    NOT_APPLICABLE = "not applicable"  # it is about what this lake has not


@dataclass(frozen=True, kw_only=True)
class Exceptional:
    """Tests that do not pass.

    Args:
        tests: A pattern of `suite::Class::test`.
        why: A sentence, for whoever reads the page.
        reference: An issue or a page of documentation that says so.
    """

    tests: str
    verdict: Verdict
    why: str
    reference: str
    engines: tuple[Engine, ...] = ENGINES


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Upstream's classes that do not even run: what they need cannot be set up."""

    classes: str
    why: str
    reference: str


_KEYS = (
    "Keys concern rows that no one looks at: primary, unique and foreign keys are "
    "refused, each with the data test to use instead."
)
_CONSTRAINTS = "docs/decisions/0010-constraints-hold-or-are-refused.md"

EXCEPTIONAL: tuple[Exceptional, ...] = (
    Exceptional(
        tests="caching::TestCachingUppercaseModel::*",
        verdict=Verdict.FAILS,
        why="Without quotes, dbt looks for a name in lower case, and the lake keeps "
        "the case of a name; with quotes, as in this project, it is found.",
        reference="dbt-labs/dbt-core#6151",
        engines=(SPARK,),
    ),
    Exceptional(
        tests="caching::*",
        verdict=Verdict.NOT_APPLICABLE,
        why="It compares names of databases, and dbt-spark's relations have none.",
        reference="https://docs.getdbt.com/reference/resource-configs/spark-configs",
        engines=(SPARK,),
    ),
    Exceptional(
        tests="catalog::TestColumnTypes::*",
        verdict=Verdict.FAILS,
        why="dbt-spark's columns do not know Spark's names of types.",
        reference="dbt-labs/dbt-spark#658",
        engines=(SPARK,),
    ),
    Exceptional(
        tests="clone::*::test_can_clone_*",
        verdict=Verdict.NOT_APPLICABLE,
        why="dbt clone is refused: a new branch has every table at once.",
        reference="docs/decisions/0002-branches-are-catalog-names.md",
    ),
    Exceptional(
        tests="clone::TestCloneSameSourceAndTarget::*",
        verdict=Verdict.NOT_APPLICABLE,
        why="dbt clone is refused: a new branch has every table at once.",
        reference="docs/decisions/0002-branches-are-catalog-names.md",
    ),
    Exceptional(
        tests="constraints::Test*RuntimeDdlEnforcement::*",
        verdict=Verdict.NOT_APPLICABLE,
        why=_KEYS,
        reference=_CONSTRAINTS,
    ),
    Exceptional(
        tests="constraints::TestModelConstraintsRuntimeEnforcement::*",
        verdict=Verdict.NOT_APPLICABLE,
        why=_KEYS,
        reference=_CONSTRAINTS,
    ),
    Exceptional(
        tests="constraints::TestIncrementalForeignKeyConstraint::*",
        verdict=Verdict.NOT_APPLICABLE,
        why=_KEYS,
        reference=_CONSTRAINTS,
    ),
    Exceptional(
        tests="empty::TestEmptySeedFlag::test_seed_empty_*",
        verdict=Verdict.NOT_APPLICABLE,
        why="dbt seed has had --empty since dbt-core 1.12; this is 1.11.",
        reference="dbt-labs/dbt-core#12716",
    ),
    Exceptional(
        tests="empty::TestEmptySeedFlag::test_build_empty_*",
        verdict=Verdict.NOT_APPLICABLE,
        why="dbt seed has had --empty since dbt-core 1.12; this is 1.11.",
        reference="dbt-labs/dbt-core#12716",
    ),
    Exceptional(
        tests="python_models::*",
        verdict=Verdict.NOT_APPLICABLE,
        why="Python models are built by DuckDB alone; on Spark they are refused.",
        reference="docs/decisions/0029-spark-by-the-lakes-own-verbs.md",
        engines=(SPARK,),
    ),
    Exceptional(
        tests="python_models::TestPySparkTests::*",
        verdict=Verdict.NOT_APPLICABLE,
        why="It is about PySpark's frames.",
        reference="https://docs.getdbt.com/docs/build/python-models",
        engines=(DUCKDB,),
    ),
    Exceptional(
        tests="simple_copy::*::test_simple_copy_with_materialized_views",
        verdict=Verdict.NOT_APPLICABLE,
        why="Iceberg has no materialized views.",
        reference="apache/iceberg#10043",
    ),
    Exceptional(
        tests="simple_seed::TestSeedWithWrongDelimiter::*",
        verdict=Verdict.FAILS,
        why="Names of columns are quoted, so that a header read with a wrong delimiter "
        "is the odd name of one column; upstream meets Postgres's syntax error.",
        reference="https://docs.getdbt.com/reference/resource-configs/delimiter",
    ),
    Exceptional(
        tests="utils::TestEscapeSingleQuotesBackslash::*",
        verdict=Verdict.NOT_APPLICABLE,
        why="The adapter's choice of two ways: DuckDB doubles a quote, and a backslash "
        "is a character.",
        reference="https://duckdb.org/docs/stable/sql/data_types/literal_types",
        engines=(DUCKDB,),
    ),
)
LEFT_OUT: tuple[LeftOut, ...] = (
    LeftOut(
        classes="functions.*",
        why="Functions are objects of a warehouse, and Iceberg has none; neither "
        "dbt-duckdb nor dbt-spark builds resources of that type.",
        reference="https://docs.getdbt.com/docs/build/udfs",
    ),
    LeftOut(
        classes="grants.*",
        why="The lake has no users that something could be granted to. A model with "
        "the config is refused.",
        reference="duckdb/dbt-duckdb#458",
    ),
    LeftOut(
        classes="materialized_view.*",
        why="Iceberg has no materialized views.",
        reference="apache/iceberg#10043",
    ),
    LeftOut(
        classes="basic.test_get_catalog_for_single_relation.*",
        why="A method that adapters may have, and neither of the two has.",
        reference="dbt-labs/dbt-adapters#240",
    ),
)


def exceptional(name: str, engine: Engine) -> Exceptional | None:
    """The entry of a test, if it has one."""
    for entry in EXCEPTIONAL:
        if engine in entry.engines and fnmatchcase(name, entry.tests):
            return entry
    return None
