"""The arrows of docs/architecture.md, held on every module: who may import whom."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2]
AIRFLOW_FOLDERS = {"dags", "operators", "sensors", "plugins"}

# Folder -> what it must not import, and why.
BANS: dict[str, dict[str, str]] = {
    "settings.py": {
        "orchestration.lake": "settings are below everything",
        "orchestration.ingestion": "settings are below everything",
        "orchestration.build": "settings are below everything",
        "orchestration.cli": "settings are below everything",
    },
    "lake": {
        "orchestration.ingestion": "the lake does not know who fills it",
        "orchestration.build": "the lake does not know who builds in it",
        "orchestration.cli": "doing does not know rendering",
        "dbt": "the lake serves every engine and tool alike",
    },
    "ingestion": {
        "orchestration.build": "landing does not wait for models",
        "orchestration.cli": "doing does not know rendering",
        "dbt": "raw data lands without dbt",
    },
    "build": {
        "orchestration.ingestion": "a build reads raw from the lake, not from sources",
        "orchestration.cli": "doing does not know rendering",
    },
}


def imports(source: str) -> Iterator[str]:
    """Every module that the source imports, at any depth of its code."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def violations(folder: str, source: str) -> list[str]:
    bans = dict(BANS.get(folder, {}))
    if folder not in AIRFLOW_FOLDERS:
        bans["airflow"] = "only dags, operators, sensors and plugins know Airflow"
    return [
        f"imports {name}: {why}"
        for name in imports(source)
        for banned, why in bans.items()
        if name == banned or name.startswith(f"{banned}.")
    ]


def modules() -> list[Path]:
    ours = (path for path in PACKAGE.rglob("*.py") if "tests" not in path.parts)
    return sorted(path.relative_to(PACKAGE) for path in ours)


@pytest.mark.parametrize("module", modules(), ids=str)
def test_a_module_imports_only_downwards(module: Path) -> None:
    source = (PACKAGE / module).read_text()
    assert violations(module.parts[0], source) == []


@pytest.mark.parametrize(
    ("folder", "line"),
    [
        ("lake", "from orchestration.build import run"),
        ("lake", "from orchestration import cli"),
        ("ingestion", "import dbt.cli.main"),
        ("build", "def f():\n    from orchestration.ingestion.run import ingest"),
        ("cli", "from airflow.sdk import dag"),
    ],
)
def test_an_upward_import_is_seen(folder: str, line: str) -> None:
    assert violations(folder, line)
