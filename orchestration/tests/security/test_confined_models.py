"""A model in a build that publishes reads and writes its branch, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from orchestration.build import guard
from orchestration.lake import Lake, session
from orchestration.settings import Settings
from orchestration.tests.integration.runs.conftest import Firn, Land
from orchestration.tests.pages import fault, mutant, promise

NAME = "a model that reaches beyond the lake, in a build that publishes"
SEEN = "exit 1: the model fails and says what is refused; nothing is published"

# What each model says on its own; {out} is a file outside, {new} one to make.
QUERIES = {
    "reads_a_file": "select * from read_csv('{out}')",
    "reads_the_token": "select content from read_text('{token}')",
    "reads_secrets": "select secret_string from duckdb_secrets(redact=false)",
    "reads_the_web": "select * from read_csv('http://127.0.0.1:9/x.csv')",
}
HOOKS = {
    "copies_out": "copy (select 1) to '{new}'",
    "copies_over_the_lake": "copy (select 1) to '{warehouse}/x.parquet'",
    "attaches": "attach ':memory:' as other",
    "sends_the_token": "attach 'main' as o (type iceberg, secret firn, "
    "endpoint 'http://127.0.0.1:9')",
    "installs": "install spatial",
    "loads": "load json",
    "makes_a_secret": "create secret s (type iceberg, token 'x')",
    "sets": "set memory_limit = '1TB'",
    "exports": "export database '{new}'",
    "prepares": "prepare p as copy (select 1) to '{new}'",
}
PYTHON = """
def model(dbt, session):
    dbt.config(materialized="table")
    return session.sql("select 1 as a")
"""


def write(project: Settings, folder: Path) -> Path:
    """Write all models of this test; returns the file that none may make."""
    out, new = folder / "out.csv", folder / "new"
    out.write_text("a\n7\n")
    texts = {"warehouse": project.warehouse, "token": project.token_file}
    models = project.project_dir / "models/marts"
    for name, sql in QUERIES.items():
        text = sql.format(out=out, new=new, **texts)
        (models / f"{name}.sql").write_text(text)
    for name, sql in HOOKS.items():
        hook = sql.format(out=out, new=new, **texts)
        config = f'{{{{ config(pre_hook="{hook}") }}}}'
        (models / f"{name}.sql").write_text(f"{config}\nselect 1 as a\n")
    (models / "is_python.py").write_text(PYTHON)
    return new


def built(firn: Firn, *args: str) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """The nodes by name, and the whole answer."""
    result = firn("build", "--format", "json", *args)
    assert "Traceback" not in result.stderr
    answer = json.loads(result.stdout)
    return {node["name"]: node for node in answer["nodes"]}, answer


def check(firn: Firn, lake: Lake, project: Settings, new: Path, *args: str) -> None:
    before = lake.pointers("main")
    nodes, answer = built(firn, *args)
    token = project.token_file.read_text().strip()
    for name in (*QUERIES, *HOOKS, "is_python"):
        if name not in nodes and args:
            continue
        assert nodes[name]["status"] == "error", name
        assert token not in nodes[name]["message"]
        assert "Traceback" not in nodes[name]["message"]
    assert answer["publication"] is None
    assert lake.pointers("main") == before
    assert not new.exists()
    assert not (project.warehouse / "x.parquet").exists()


@pytest.mark.slow
@fault("Security", NAME, seen=SEEN, rerun="the same, until the model is corrected")
@promise("Builds that publish refuse Python models, unless the profile trusts them")
def test_models_that_reach_out_fail_and_nothing_is_published(
    firn: Firn, land: Land, lake: Lake, project: Settings, tmp_path: Path
) -> None:
    land((1, 10.0))
    new = write(project, tmp_path)
    check(firn, lake, project, new)
    # Those that keep to the lake are built all the same.
    nodes, _ = built(firn, "--select", "+rpt_totals", "reads_a_file", "attaches")
    assert nodes["rpt_totals"]["status"] == "success"
    told = nodes["reads_a_file"]["message"]
    assert "firn" not in told or "add-a-source" in told
    assert "lake alone" in nodes["attaches"]["message"]


ENV = "a model that asks `env_var` for the catalog's token or database"


def check_env(firn: Firn, project: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "CanaryOfTheEnvironment"
    monkeypatch.setenv("FIRN_CATALOG_TOKEN", secret)
    model = project.project_dir / "models/marts/asks.sql"
    model.write_text("select '{{ env_var(\"FIRN_CATALOG_TOKEN\") }}' as a")
    result = firn("build", "--select", "asks")
    assert result.exit_code == 2, result.output
    assert "FIRN_CATALOG_TOKEN" in result.output
    places = (project.project_dir / "target", project.log_dir)
    files = [p for place in places for p in place.rglob("*") if p.is_file()]
    assert not [p for p in files if secret.encode() in p.read_bytes()]


@fault("Security", ENV, seen="exit 2: dbt knows no such variable")
def test_a_model_cannot_ask_for_the_token(
    firn: Firn, land: Land, project: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    land((1, 10.0))
    check_env(firn, project, monkeypatch)


@mutant(ENV, guard="dbt's environment is without them")
def test_with_the_whole_environment_a_model_has_the_token(
    firn: Firn, land: Land, project: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    land((1, 10.0))
    monkeypatch.setattr(guard, "_SECRET", ())
    with pytest.raises(AssertionError):
        check_env(firn, project, monkeypatch)


@pytest.mark.slow
@mutant(NAME, guard="DuckDB is confined to the warehouse and the seeds")
def test_without_limits_a_model_reads_a_file(
    firn: Firn,
    land: Land,
    lake: Lake,
    project: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    land((1, 10.0))
    new = write(project, tmp_path)
    monkeypatch.setattr(session, "confine", lambda *_: None)
    with pytest.raises(AssertionError, match="reads_a_file"):
        check(firn, lake, project, new, "--select", "reads_a_file", "attaches")


@pytest.mark.slow
@mutant(NAME, guard="statements are refused by kind")
def test_without_kinds_a_hook_writes_into_the_warehouse(
    firn: Firn,
    land: Land,
    lake: Lake,
    project: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    land((1, 10.0))
    new = write(project, tmp_path)
    monkeypatch.setattr(guard, "forbidden", lambda *_: None)
    with pytest.raises(AssertionError, match="copies_over_the_lake"):
        check(firn, lake, project, new, "--select", "copies_over_the_lake")
