# ruff: noqa: F811  # fixtures are found by name, and asked for by name
"""dbt's own suites on Firn's lake: each class of them runs once an engine.

The fixtures of `dbt.tests.fixtures.project` make a project for each class. What is
replaced here gives those projects Firn's macros, its profile, and a branch to build on.
"""

import importlib.util
import shutil
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import dbt.flags
import pytest
import yaml
from dbt.adapters.factory import get_adapter, register_adapter, reset_adapters
from dbt.config.runtime import RuntimeConfig
from dbt.context.providers import generate_runtime_macro_context
from dbt.mp_context import get_mp_context
from dbt.parser.manifest import ManifestLoader
from dbt.tests.fixtures.project import (  # noqa: F401  # fixtures are found by name
    analyses,
    clean_up_logging,
    dbt_profile_data,
    dependencies,
    dependencies_yml,
    environment,
    functions,
    initialization,
    logs_dir,
    macros,
    models,
    packages,
    packages_yml,
    profiles_config_update,
    profiles_yml,
    project,
    project_config_update,
    project_setup,
    properties,
    seeds,
    selectors,
    selectors_yml,
    shared_data_dir,
    snapshots,
    test_config,
    test_data_dir,
    tests,
    unique_schema,
    write_project_files,
)

from orchestration.build import dbt as firn_dbt
from orchestration.lake import process
from orchestration.settings import Settings
from orchestration.tests import environment as variables
from orchestration.tests.conformance.engines import (
    DUCKDB,
    PROJECT,
    SPARK,
    Engine,
)
from orchestration.tests.conformance.expected import exceptional
from orchestration.tests.conformance.helpers import adapted
from orchestration.tests.conformance.suites import rewritten

BRANCH = "dev_conformance"
# Tables, views, seeds, increments and histories: the classes that every run of CI has.
ALWAYS = {
    "basic::TestSimpleMaterializations",
    "basic::TestIncremental",
    "basic::TestSnapshotCheckCols",
}
_NO_SPARK = importlib.util.find_spec("pyspark") is None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Say which row of the page a test is, and what is known to become of it."""
    assert isinstance(item, pytest.Function)
    engine = cast("Engine", item.callspec.params["engine"])
    suite = item.path.stem.removeprefix("test_")
    test = f"{item.parent.name}::{_without(engine, item.name)}" if item.parent else ""
    if f"{suite}::{test.partition('::')[0]}" not in ALWAYS:
        item.add_marker(pytest.mark.full)
    entry = exceptional(f"{suite}::{test}", engine)
    said = {
        "suite": suite,
        "test": test,
        "engine": engine.name,
        "verdict": str(entry.verdict) if entry else "",
        "why": entry.why if entry else "",
        "reference": entry.reference if entry else "",
    }
    item.add_marker(pytest.mark.upstream(**said))
    if entry:
        item.add_marker(pytest.mark.xfail(reason=f"{entry.verdict}: {entry.why}"))


def _without(engine: Engine, name: str) -> str:
    """A test's name by its own parameters alone."""
    plain, _, parameters = name.rstrip("]").partition("[")
    own = [one for one in parameters.split("-") if one != engine.name]
    return f"{plain}[{'-'.join(own)}]" if own else plain


@pytest.fixture(
    scope="class",
    autouse=True,
    params=[
        pytest.param(DUCKDB, id=DUCKDB.name),
        pytest.param(
            SPARK,
            id=SPARK.name,
            marks=[
                pytest.mark.spark,
                pytest.mark.slow,
                pytest.mark.skipif(_NO_SPARK, reason="the extra is not installed"),
            ],
        ),
    ],
)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each class runs on both, in turn."""
    found: Engine = request.param
    return found


@pytest.fixture(scope="session")
def firn_macros(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Firn's macros, but for one: the suites expect schemas to be named as dbt does."""
    folder = tmp_path_factory.mktemp("firn") / "macros"
    left_out = shutil.ignore_patterns("default__generate_schema_name.sql")
    shutil.copytree(PROJECT / "macros", folder, ignore=left_out)
    return folder


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    """One lake for all suites, by the variables that name it; its catalog runs."""
    folder = tmp_path_factory.mktemp("lake")
    (folder / "dbt_project.yml").touch()
    own: dict[str, object] = {
        "FIRN_PROJECT_DIR": folder,
        "FIRN_HOME": folder / "home",
        "FIRN_BRANCH": BRANCH,
        "FIRN_USER": "tester",
        "FIRN_CATALOG_IDLE_SECONDS": 2,
    }
    with pytest.MonkeyPatch.context() as patch:
        variables.only(patch, **own)
        settings = Settings.load()
        process.ensure_catalog(settings)
    yield own
    process.release(settings)


@pytest.fixture(scope="module", autouse=True)
def lake(home: dict[str, object]) -> Iterator[None]:
    """Tests of other folders, which may follow in this process, shall not see it."""
    with pytest.MonkeyPatch.context() as patch, adapted():
        variables.only(patch, **home)
        yield
        firn_dbt.disconnect()


# A class has one of each fixture that it could share: these are an engine's own.
@pytest.fixture(scope="class")
def prefix(engine: Engine, lake: None) -> str:
    """What the schema's name begins with."""
    return f"test{time.time_ns()}_{engine}"


@pytest.fixture(scope="class")
def project_root(engine: Engine, tmpdir_factory: pytest.TempdirFactory) -> Any:
    return tmpdir_factory.mktemp(f"project_{engine}")


@pytest.fixture(scope="class")
def profiles_root(engine: Engine, tmpdir_factory: pytest.TempdirFactory) -> Any:
    return tmpdir_factory.mktemp(f"profile_{engine}")


@pytest.fixture(scope="class")
def dbt_profile_target(engine: Engine) -> dict[str, Any]:
    """Firn's own profile."""
    return engine.profile()


@pytest.fixture(scope="class")
def profile_user() -> None:
    """The lake has no users."""


@pytest.fixture(scope="class")
def dbt_project_yml(
    request: pytest.FixtureRequest,
    engine: Engine,
    project_root: Path,
    project_config_update: dict[str, Any] | str | None,
    firn_macros: Path,
) -> dict[str, Any]:
    """What a test asks for, and Firn's macros beside its own."""
    update = project_config_update or {}
    if isinstance(update, str):
        update = yaml.safe_load(update)
    update = rewritten(update, request.cls, engine)
    content: dict[str, Any] = {
        "name": "test",
        "profile": "test",
        "flags": {"send_anonymous_usage_stats": False},
        "quoting": {"schema": True, "identifier": True},
        **update,
        "macro-paths": [*update.get("macro-paths", ["macros"]), str(firn_macros)],
    }
    (Path(project_root) / "dbt_project.yml").write_text(yaml.safe_dump(content))
    return content


@pytest.fixture(scope="class")
def project_files(
    request: pytest.FixtureRequest,
    engine: Engine,
    project_root: Any,
    models: dict[str, Any],
    macros: dict[str, Any],
    snapshots: dict[str, Any],
    properties: dict[str, Any],
    seeds: dict[str, Any],
    tests: dict[str, Any],
    analyses: dict[str, Any],
    functions: dict[str, Any],
    selectors_yml: None,
    dependencies_yml: None,
    packages_yml: None,
    dbt_project_yml: dict[str, Any],
) -> None:
    """As dbt's, with the changes that a class names."""
    folders = {
        "models": {**models, **properties},
        "macros": macros,
        "snapshots": snapshots,
        "seeds": seeds,
        "tests": tests,
        "analyses": analyses,
        "functions": functions,
    }
    for name, files in folders.items():
        write_project_files(project_root, name, rewritten(files, request.cls, engine))


@pytest.fixture(scope="class")
def adapter(
    lake: None,
    logs_dir: str,
    unique_schema: str,
    project_root: Path,
    profiles_root: Path,
    profiles_yml: dict[str, Any],
    clean_up_logging: None,
    dbt_project_yml: dict[str, Any],
) -> Iterator[Any]:
    """As dbt's, with Firn's macros and its way into Spark from the first statement."""
    args = Namespace(
        profiles_dir=str(profiles_root),
        project_dir=str(project_root),
        target=None,
        profile=None,
        threads=None,
    )
    dbt.flags.set_from_args(args, {})
    config = RuntimeConfig.from_args(args)
    register_adapter(config, get_mp_context())
    found = get_adapter(config)
    if found.type() == "spark":
        from orchestration.build.spark import hook  # noqa: PLC0415  # of an extra

        hook.install()
    found.set_macro_resolver(
        ManifestLoader.load_macros(config, found.connections.set_query_header)
    )
    found.set_macro_context_generator(generate_runtime_macro_context)
    yield found
    found.cleanup_connections()
    reset_adapters()
    firn_dbt.disconnect()
