"""What is written for the DAGs, with another program in dbt's place."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestration.errors import SetupError, UsageError
from orchestration.scheduler.deploy import deploy, manifest
from orchestration.settings import Settings

MANIFEST: dict[str, Any] = {
    "exposures": {"exposure.firn.page": {}},
    "nodes": {
        "model.firn.fct": {
            "resource_type": "model",
            "original_file_path": "models/marts/fct.sql",
        },
        "test.firn.not_null": {
            "resource_type": "test",
            "original_file_path": "models/marts/fct.yml",
        },
        "snapshot.firn.old": {
            "resource_type": "snapshot",
            "original_file_path": "snapshots/old.yml",
        },
    },
    "sources": {
        "source.firn.shop.orders": {
            "resource_type": "source",
            "original_file_path": "models/staging/shop.yml",
        }
    },
}


@pytest.fixture
def project(settings: Settings, tmp_path: Path) -> Settings:
    folder = tmp_path / "project"
    (folder / "target").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text("name: firn")
    return replace(settings, project_dir=folder)


def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = tmp_path / "dbt"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))


def test_a_project_that_does_not_parse_is_told_in_dbt_s_words(
    project: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, "echo Model fct depends on nowhere; exit 2")
    with pytest.raises(UsageError, match="fct depends on nowhere") as caught:
        deploy(project)
    assert caught.value.where == str(project.project_dir)
    assert "dbt parse" in caught.value.remedy
    with pytest.raises(SetupError, match="there is no manifest"):
        manifest(project)


def test_folders_become_groups_and_exposures_nothing(
    project: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = tmp_path / "manifest.json"
    content.write_text(json.dumps(MANIFEST))
    stand_in(tmp_path, monkeypatch, f'cp "{content}" target/manifest.json')
    assert deploy(project) == project.project_dir / "target/airflow.json"
    path, written = manifest(project)
    assert written["exposures"] == {}
    nodes = {**written["nodes"], **written["sources"]}
    assert {name: node["original_file_path"] for name, node in nodes.items()} == {
        "model.firn.fct": "marts/fct.sql",
        "test.firn.not_null": "fct.yml",
        "snapshot.firn.old": "snapshots/old.yml",
        "source.firn.shop.orders": "staging/shop.yml",
    }
    names = {one.name for one in path.parent.iterdir()}
    assert names == {"manifest.json", "airflow.json"}, "no draft stays"


def test_dbt_parses_as_the_first_run_will(
    project: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRN_BRANCH", "dev_ann")
    stand_in(tmp_path, monkeypatch, 'echo "$FIRN_BRANCH $FIRN_HOME"; exit 2')
    with pytest.raises(UsageError, match=f"run {project.home}"):
        deploy(project)


@pytest.mark.parametrize("text", ["", '{"nodes": '])
def test_half_a_manifest_is_none(project: Settings, text: str) -> None:
    (project.project_dir / "target/airflow.json").write_text(text)
    with pytest.raises(SetupError, match="there is no manifest") as caught:
        manifest(project)
    assert "firn airflow deploy" in caught.value.remedy
