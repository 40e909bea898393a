"""One throw-away project, on a lake of its own, for all tests of this folder."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from orchestration.lake import Lake, process
from orchestration.lake.session import rest_catalog
from orchestration.settings import Settings
from orchestration.tests import environment
from orchestration.tests.integration.macros.project import BRANCH, Project

REPOSITORY = Path(__file__).parents[4]


@pytest.fixture
def project(shared_project: Project) -> Iterator[Project]:
    """The project without any files of other tests; the lake still has their tables."""
    yield shared_project
    for folder in ("models", "seeds", "snapshots", "tests", "macros"):
        shutil.rmtree(shared_project.folder / folder, ignore_errors=True)


@pytest.fixture(scope="session")
def shared_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """One project and one lake: each test names its own models."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(REPOSITORY / "profiles/profiles.yml", folder / "profiles.yml")
    content = {
        "name": "firn",
        "version": "1.0",
        "profile": "firn",
        "macro-paths": ["macros", str(REPOSITORY / "macros")],
        "flags": {
            "send_anonymous_usage_stats": False,
            "write_json": False,
            "validate_macro_args": True,
        },
    }
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(content))
    own = {
        "FIRN_PROJECT_DIR": str(folder),
        "FIRN_HOME": str(folder / "home"),
        "FIRN_BRANCH": BRANCH,
        "FIRN_USER": "tester",
        "FIRN_CATALOG_IDLE_SECONDS": "1",
    }
    with pytest.MonkeyPatch.context() as patch:
        environment.only(patch, **own)
        settings = Settings.load()
        endpoint = process.ensure_catalog(settings)
        lake = Lake.open(settings)
        lake.create_branch(BRANCH)
        lake.close()
        opened = Project(folder, settings, rest_catalog(endpoint, BRANCH))
        yield opened
        opened.close()
        process.release(settings)
