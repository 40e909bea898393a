"""Runs Apache Iceberg's REST compatibility kit against Firn's own catalog."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestration.errors import SetupError
from orchestration.lake import Lake
from orchestration.lake.process import read_token
from orchestration.settings import Settings
from orchestration.tests.kit import report
from orchestration.tests.kit.report import Result
from orchestration.tests.kit.tools import Tools

PROJECT = Path(__file__).parents[3]
SUITES = {
    "catalog": "org.apache.iceberg.rest.FirnCatalogTests",
    "view": "org.apache.iceberg.rest.RESTCompatibilityKitViewCatalogTests",
}
# The kit's switches, see RESTCompatibilityKitSuite and RCKUtils in Iceberg's sources.
_SWITCHES = {
    "rck.requires-namespace-create": "true",
    "rck.supports-serverside-retry": "true",
    "rck.supports-names-with-dot": "true",
    "rck.purge-test-namespaces": "true",
}
_SECONDS = 300  # for one suite; it takes 20


@dataclass(frozen=True)
class Served:
    """A catalog that runs for the kit alone."""

    uri: str
    settings: Settings


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Firn's catalog on an empty lake in a folder, with a branch for each suite."""
    environ = {
        "FIRN_PROJECT_DIR": str(PROJECT),
        "FIRN_HOME": str(folder / "home"),
    }
    settings = Settings.load(environ)
    lake = Lake.open(settings)
    for suite in SUITES:
        lake.create_branch(suite)
    lake.close()
    with subprocess.Popen(
        [sys.executable, "-m", "orchestration.lake.rest", "--port", "0"],
        env=_without_firn(os.environ) | environ,
        stdout=subprocess.PIPE,
        stderr=(folder / "catalog.log").open("wb"),
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            uri = server.stdout.readline().strip()
            if not uri:
                raise SetupError(
                    "the catalog does not start",
                    where=str(folder / "catalog.log"),
                    remedy="The end of that file has the reason.",
                )
            yield Served(uri, settings)
        finally:
            server.terminate()


def run(suite: str, served: Served, tools: Tools, class_path: str) -> list[Result]:
    """Run one suite of the kit on its branch.

    Raises:
        SetupError: JUnit ended without a report.
    """
    folder = served.settings.home.parent / suite
    temporary = served.settings.warehouse / "tmp"  # where the kit puts some tables
    temporary.mkdir(parents=True, exist_ok=True)
    values = {
        **_SWITCHES,
        "rck.local": "false",
        "java.io.tmpdir": str(temporary),
        "firn.warehouse": str(served.settings.warehouse),
    }
    command = [
        tools.java,
        *(f"-D{key}={value}" for key, value in values.items()),
        *("-cp", class_path, "org.junit.platform.console.ConsoleLauncher", "execute"),
        *("-c", SUITES[suite], "--details=none", f"--reports-dir={folder}"),
    ]
    client = {
        "CATALOG_URI": served.uri,
        "CATALOG_WAREHOUSE": suite,
        "CATALOG_TOKEN": read_token(served.settings),
    }
    log = folder.with_suffix(".log")
    with log.open("wb") as output:
        subprocess.run(
            command,
            env=_without_firn(os.environ) | client,
            stdout=output,
            stderr=output,
            timeout=_SECONDS,
            check=False,  # it is 1 when a test fails; the report says which
        )
    results = report.read(folder)
    if not results:
        raise SetupError(
            "the kit ended without a result",
            where=str(log),
            remedy="The end of that file has the reason.",
        )
    return results


def _without_firn(environ: "os._Environ[str]") -> dict[str, str]:
    prefixes = ("FIRN_", "CATALOG_")
    return {
        key: value for key, value in environ.items() if not key.startswith(prefixes)
    }
