"""What `firn spark up` reads of the profile."""

from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.errors import UsageError
from orchestration.settings import Settings

pytest.importorskip("pyspark", reason="the extra spark is not installed")


def test_spark_is_told_its_own_settings(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.build.spark import profile  # noqa: PLC0415

    monkeypatch.setenv("SPARK_MASTER", "local[3]")
    conf = profile.of_target(settings, "spark")
    assert conf["spark.master"] == "local[3]"
    assert conf["spark.sql.ansi.enabled"] == "true"
    assert all(name.startswith("spark.") for name in conf)


@pytest.mark.parametrize(
    ("target", "what"),
    [("nope", "does not have a target named 'nope'"), ("dev", "on duckdb, not Spark")],
)
def test_a_target_that_is_none_is_refused(
    settings: Settings, target: str, what: str
) -> None:
    from orchestration.build.spark import profile  # noqa: PLC0415

    with pytest.raises(UsageError, match=what) as error:
        profile.of_target(settings, target)
    assert "--target" in error.value.remedy


def test_a_profile_that_is_not_there_is_named(
    settings: Settings, tmp_path: Path
) -> None:
    from orchestration.build.spark import profile  # noqa: PLC0415

    (tmp_path / "dbt_project.yml").write_text("name: x\nprofile: x\n")
    with pytest.raises(UsageError, match=r"profiles\.yml"):
        profile.of_target(replace(settings, project_dir=tmp_path), "spark")
