"""A build that publishes follows no link out of the project: dbt would show it."""

from pathlib import Path

import pytest

from orchestration.build import attempt
from orchestration.build import project as project_file
from orchestration.errors import UsageError
from orchestration.settings import Settings
from orchestration.tests.integration.runs.conftest import Firn, Land
from orchestration.tests.pages import fault, mutant

NAME = "a model, seed or document that is a link to a file outside, or to the token"


def shown(project: Settings, secret: str) -> list[Path]:
    places = (project.project_dir / "target", project.log_dir)
    files = [p for place in places for p in place.rglob("*") if p.is_file()]
    return [p for p in files if secret.encode() in p.read_bytes()]


def check(firn: Firn, project: Settings) -> None:
    link = project.project_dir / "models/marts/linked.sql"
    link.symlink_to(project.token_file)
    result = firn("build")
    assert not shown(project, project.token_file.read_text().strip())
    assert result.exit_code == 2, result.output
    assert "linked.sql" in result.stderr


@fault("Security", NAME, seen="exit 2: the link is named; nothing is parsed or built")
def test_a_model_that_is_the_token_is_not_read(
    firn: Firn, land: Land, project: Settings
) -> None:
    land((1, 10.0))
    check(firn, project)


@mutant(NAME, guard="links are looked at before dbt parses")
def test_without_a_look_dbt_shows_the_token(
    firn: Firn, land: Land, project: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    land((1, 10.0))
    monkeypatch.setattr(attempt, "refuse_leading_out", lambda *_, **__: None)
    with pytest.raises(AssertionError):
        check(firn, project)


@pytest.mark.parametrize(
    ("name", "target", "fine"),
    [
        ("seeds/s.csv", "outside.csv", False),
        ("models/d.md", "outside.csv", False),
        ("analyses/a.sql", "outside.csv", False),
        ("models/more", "beside", False),
        ("dbt_packages/pack/models/m.sql", "outside.csv", False),
        ("models/m.sql", "project/README.md", True),
        ("models/m.sql", "project/.firn/token", False),
        ("dbt_packages/other", "beside", True),
    ],
)
def test_a_link_may_lead_within_the_project_and_to_packages(
    tmp_path: Path, name: str, target: str, *, fine: bool
) -> None:
    project = tmp_path / "project"
    for text in (
        *("outside.csv", "beside/models/b.sql", "beside/dbt_project.yml"),
        *("project/dbt_project.yml", "project/README.md", "project/.firn/token"),
        "project/dbt_packages/pack/dbt_project.yml",
    ):
        (tmp_path / text).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / text).write_text("name: p")
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).symlink_to(tmp_path / target)
    if fine:
        project_file.refuse_leading_out(project, home=project / ".firn")
        return
    with pytest.raises(UsageError, match="link out of the project") as caught:
        project_file.refuse_leading_out(project, home=project / ".firn")
    assert name in caught.value.where
