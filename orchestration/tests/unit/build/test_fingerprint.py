from pathlib import Path

import pytest

from orchestration.build import fingerprint as module
from orchestration.build.fingerprint import fingerprint
from orchestration.settings import Settings


@pytest.fixture
def project(tmp_path: Path) -> Settings:
    files = {
        "dbt_project.yml": "name: p\nmodel-paths: [models]\n",
        "profiles/profiles.yml": "p: {x: \"{{ env_var('FIRN_MODE', 'a') }}\"}\n",
        "models/a.sql": "select 1 as x",
        "models/a.yml": "models: []",
        "seeds/s.csv": "a\n1\n",
        "tests/t.sql": "select 1",
        "macros/m.sql": "{% macro m() %}{% endmacro %}",
        "snapshots/h.yml": "snapshots: []",
        "selectors.yml": "selectors: []",
        "README.md": "words",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Settings.load({"FIRN_PROJECT_DIR": str(tmp_path), "FIRN_USER": "t"})


@pytest.mark.parametrize(
    "name",
    [
        "dbt_project.yml",
        "profiles/profiles.yml",
        "selectors.yml",
        "models/a.sql",
        "models/a.yml",
        "models/new.sql",
        "seeds/s.csv",
        "tests/t.sql",
        "macros/m.sql",
        "snapshots/h.yml",
    ],
)
def test_a_change_in_a_file_that_dbt_reads_is_a_new_fingerprint(
    project: Settings, name: str
) -> None:
    before = fingerprint(project, environ={})
    path = project.project_dir / name
    path.write_text((path.read_text() if path.exists() else "select 2") + "\n# more")
    assert fingerprint(project, environ={}) != before


@pytest.mark.parametrize("name", ["README.md", "target/manifest.json", ".firn/x"])
def test_other_files_do_not_matter(project: Settings, name: str) -> None:
    before = fingerprint(project, environ={})
    path = project.project_dir / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("changed")
    assert fingerprint(project, environ={}) == before


def test_moving_a_file_matters(project: Settings) -> None:
    before = fingerprint(project, environ={})
    models = project.project_dir / "models"
    (models / "a.sql").rename(models / "b.sql")
    assert fingerprint(project, environ={}) != before


def test_arguments_matter_but_a_full_refresh_makes_the_same_tables(
    project: Settings,
) -> None:
    plain = fingerprint(project, environ={})
    assert fingerprint(project, ["--vars", "{a: 1}"], environ={}) != plain
    assert fingerprint(project, ["--full-refresh"], environ={}) == plain


def test_variables_of_the_environment_matter_where_a_file_names_them(
    project: Settings,
) -> None:
    plain = fingerprint(project, environ={})
    assert fingerprint(project, environ={"FIRN_MODE": "b"}) != plain
    assert fingerprint(project, environ={"OTHER": "b"}) == plain


def test_versions_matter(project: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(project, environ={})
    monkeypatch.setattr(module, "_version", lambda _: "99")
    assert fingerprint(project, environ={}) != before


def test_macros_beside_the_project_count_too(
    project: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shared = tmp_path_factory.mktemp("shared")
    (shared / "m.sql").write_text("{% macro m() %}{% endmacro %}")
    config = f"name: p\nmacro-paths: ['{shared}']\n"
    (project.project_dir / "dbt_project.yml").write_text(config)
    before = fingerprint(project, environ={})
    (shared / "m.sql").write_text("{% macro m() %} 1 {% endmacro %}")
    assert fingerprint(project, environ={}) != before


def test_files_behind_links_matter_as_dbt_follows_them(
    project: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A package beside the project, and a folder of models."""
    beside = tmp_path_factory.mktemp("beside")
    for name, link in {"pack": "dbt_packages/pack", "more": "models/more"}.items():
        file = beside / name / "macros/m.sql"
        file.parent.mkdir(parents=True)
        (beside / name / "dbt_project.yml").write_text("name: p")
        file.write_text("select 1")
        (project.project_dir / link).parent.mkdir(exist_ok=True)
        (project.project_dir / link).symlink_to(beside / name)
    (beside / "more/round").symlink_to(beside / "more")
    for name in ("pack", "more"):
        before = fingerprint(project, environ={})
        (beside / name / "macros/m.sql").write_text("select 2")
        assert fingerprint(project, environ={}) != before, name


def test_what_dbt_ignores_and_what_it_reads_of_the_environment_matters(
    project: Settings,
) -> None:
    before = fingerprint(project, environ={})
    assert fingerprint(project, environ={"DBT_TARGET": "prod"}) != before
    (project.project_dir / ".dbtignore").write_text("a.sql")
    assert fingerprint(project, environ={}) != before
