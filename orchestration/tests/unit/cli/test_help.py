import subprocess
import sys

import pytest
from typer.main import get_command

from orchestration.cli.main import app
from orchestration.tests.unit.cli.conftest import Firn

VERBS = {
    "run": [],
    "ingest": [],
    "build": [],
    "branches": ["create", "refresh", "drop"],
    "diff": [],
    "publish": [],
    "rollback": [],
    "log": [],
    "sql": [],
    "verify": [],
    "clean": [],
    "catalog": ["serve"],
    "spark": ["up", "status", "down"],
    "airflow": ["up", "deploy", "status", "trigger", "down"],
    "doctor": [],
}
CALLS = [[verb] for verb in VERBS] + [
    [verb, sub] for verb, subs in VERBS.items() for sub in subs
]


def test_these_are_all_the_verbs() -> None:
    assert set(get_command(app).commands) == set(VERBS)  # type: ignore[attr-defined]


@pytest.mark.parametrize("call", [[], *CALLS], ids=" ".join)
def test_help_shows_an_example_of_the_call(firn: Firn, call: list[str]) -> None:
    result = firn(*call, "--help")
    assert result.exit_code == 0
    example = result.stdout.partition("Example:\n")[2]
    assert f"  {' '.join(['firn', *call])}" in example


@pytest.mark.parametrize(
    ("call", "heavy"),
    [
        ("--help", "sqlalchemy duckdb dbt pyiceberg rich pyarrow"),
        ("log", "duckdb dbt pyiceberg pyarrow rich uvicorn"),
        ("branches", "duckdb dbt pyiceberg pyarrow rich uvicorn"),
    ],
)
def test_a_verb_imports_only_what_it_needs(
    call: str, heavy: str, tmp_path: object
) -> None:
    program = (
        "import sys\n"
        "from orchestration.cli.main import app\n"
        f"app({[call]!r}, standalone_mode=False)\n"
        f"print(*sorted(set({heavy.split()!r}) & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"FIRN_HOME": str(tmp_path), "FIRN_PROJECT_DIR": ".", "PATH": "/usr/bin"},
    )
    assert done.stderr.strip() == ""
