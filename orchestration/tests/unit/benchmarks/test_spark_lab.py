from pathlib import Path

import pytest
import yaml

from orchestration.benchmarks.spark_lab import Lab, conf


def test_stock_has_our_settings_and_nothing_else_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARK_DRIVER_MEMORY", "3g")
    Lab(tmp_path).prepare()
    stock = yaml.safe_load((tmp_path / "stock/profiles.yml").read_text())
    given = stock["firn"]["outputs"]["stock"]["server_side_parameters"]
    assert set(given) == set(conf()), "the same settings"
    assert not any(name.startswith("firn.") for name in given)
    assert conf()["spark.driver.memory"] == "3g"
    project = yaml.safe_load((tmp_path / "stock/dbt_project.yml").read_text())
    assert project["macro-paths"] == []
