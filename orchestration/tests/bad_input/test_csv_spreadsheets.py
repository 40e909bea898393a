"""CSV as spreadsheets write it, and what they would run of what Firn writes."""

import csv as python_csv
import io

import pytest
from typer.testing import CliRunner

from orchestration.cli.main import app
from orchestration.cli.render import table
from orchestration.tests import environment
from orchestration.tests.bad_input.conftest import Landing
from orchestration.tests.pages import case

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "\t=1", "a=1", "ok"]


def csv(name: str, outcome: str) -> pytest.MarkDecorator:
    """A row of the page's section on CSV."""
    return case("CSV and text", name, outcome=outcome)


FOR_PEOPLE = {
    "decimal comma": ["1234,56", "0,5"],
    "thousands separators": [
        *("1,234.56", "1,234,567", "1.234,56", "1 234.56"),
        *("1\u202f234.56", "1'234.56", "1_234.56"),
    ],
    "currency or percent sign": ["€ 5", "$5", "5 %"],
    "negative number in brackets": ["(5.00)"],
    "minus after the number": ["5.00-"],
    "error of a spreadsheet": ["#DIV/0!", "#N/A"],
}


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(texts, marks=csv(name, "rejected row: cannot be read as its type"))
        for name, texts in FOR_PEOPLE.items()
    ],
)
def test_a_number_for_people_is_rejected(landing: Landing, texts: list[str]) -> None:
    spec = {"columns": {"exact": "decimal(12,2)", "near": "double"}}
    lines = [line for text in texts for line in (f'"{text}",1', f'1,"{text}"')]
    data = "\n".join(["exact,near", *lines, "2.5,2.5\n"])
    outcome = landing(spec, {"rows.csv": data.encode()})
    assert outcome.values("near") == [2.5]
    found = [(one.line, one.column, one.text, one.reason) for one in outcome.rejects]
    assert found == [
        (number, name, line, f"{name} cannot be read as {spec['columns'][name]}")
        for number, (line, name) in enumerate(
            zip(lines, ["exact", "near"] * len(texts), strict=True), start=2
        )
    ]


@csv("point for thousands (1.234)", "accepted: it is 1.234, as a number is written")
@csv("decimal comma, not quoted", "rejected row: TOO MANY COLUMNS")
def test_what_no_reader_can_tell(landing: Landing) -> None:
    spec = {"columns": {"id": "bigint", "v": "double"}}
    outcome = landing(spec, {"rows.csv": b"id,v\n1,1.234\n2,1,5\n"})
    assert outcome.values("v") == [1.234]
    assert "TOO MANY COLUMNS" in outcome.rejects[0].reason


def exported(landing: Landing, *options: str) -> list[str]:
    """Land the formulas, and read what `firn sql --format csv` writes of them."""
    text = io.StringIO()
    python_csv.writer(text).writerows([["v"], *([formula] for formula in FORMULAS)])
    outcome = landing(
        {"columns": {"v": "varchar"}}, {"rows.csv": text.getvalue().encode()}
    )
    assert outcome.values("v") == FORMULAS
    assert outcome.result
    source = outcome.result.source
    query = f"select v from raw.{source}__rows order by _row_number"
    done = CliRunner().invoke(app, ["sql", query, "--format", "csv", *options])
    assert done.exit_code == 0, done.output
    [header, *rows] = list(python_csv.reader(io.StringIO(done.stdout)))
    assert header == ["v"]
    return [value for [value] in rows]


@pytest.fixture
def project(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> Landing:
    """The lake, as the command line finds it."""
    environment.only(monkeypatch, FIRN_PROJECT_DIR=landing.settings.project_dir)
    return landing


@csv(
    "cell that is a formula",
    "accepted: as it is written; `firn sql --format csv` puts an apostrophe before it",
)
def test_a_formula_is_escaped_on_export_only(project: Landing) -> None:
    escaped = exported(project)
    assert escaped == [
        text if text in ("a=1", "ok") else f"'{text}" for text in FORMULAS
    ]
    assert exported(project, "--raw") == FORMULAS


def test_mutant_formulas_leave_as_they_are(
    project: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "_harmless", lambda value: value)
    assert exported(project) == FORMULAS
