import pytest

from orchestration.spark import dialects

pytest.importorskip("sqlglot")


def lake(schema: str, name: str, *, dialect: str) -> str:
    return "memory" if dialect == "duckdb" and name.startswith("stg_") else "lake"


@pytest.mark.parametrize(
    ("source", "sql", "expected"),
    [
        (
            "duckdb",
            'select "order" from "memory"."staging"."stg_x"',
            "SELECT `order` FROM `lake`.`staging`.`stg_x`",
        ),
        (
            "spark",
            'select "order", `a b` from `staging`.`stg_x` join raw.x using (id)',
            (
                'SELECT "order", "a b" FROM "memory"."staging"."stg_x" '
                'JOIN "lake".raw.x USING (id)'
            ),
        ),
        (
            "spark",
            (
                "select cast('2020-01-01' as timestamp) as a, "
                "cast(b as timestamp_ltz) as b"
            ),
            "SELECT CAST('2020-01-01' AS TIMESTAMP) AS a, CAST(b AS TIMESTAMPTZ) AS b",
        ),
        (
            "duckdb",
            "select cast(a as timestamp) as a, cast(b as timestamptz) as b",
            "SELECT CAST(a AS TIMESTAMP_NTZ) AS a, CAST(b AS TIMESTAMP_LTZ) AS b",
        ),
        # Where each engine puts what has no value, if nobody says.
        (
            "duckdb",
            "select row_number() over (order by a) as b from raw.x",
            "SELECT ROW_NUMBER() OVER (ORDER BY a NULLS LAST) AS b FROM `lake`.raw.x",
        ),
        (
            "spark",
            "select row_number() over (order by a) as b from raw.x",
            'SELECT ROW_NUMBER() OVER (ORDER BY a NULLS FIRST) AS b FROM "lake".raw.x',
        ),
    ],
)
def test_a_text_means_the_same_in_the_other_dialect(
    source: str, sql: str, expected: str
) -> None:
    found = dialects.translated(sql, source=source, database=lake)
    assert found is not None
    assert " ".join(found.split()) == expected


def test_what_cannot_be_read_has_no_other_text() -> None:
    assert dialects.translated("select (", source="duckdb", database=lake) is None
