"""What the DAGs need beside them: the manifest that their tasks are made from."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from orchestration.build.fingerprint import files
from orchestration.errors import SetupError, UsageError
from orchestration.settings import ANY_RUN, Settings

_FILE = "target/airflow.json"


def deploy(settings: Settings) -> Path:
    """Let dbt read the project, and write the manifest for Airflow.

    It is dbt's, but for some paths: without the folder that holds all models, a
    snapshot between two layers is not between two halves of one group; tests have one.

    Raises:
        UsageError: The project does not parse; the message is dbt's.
    """
    dbt = str(Path(sys.executable).with_name("dbt"))
    # Where a variable of the profile is not as it was, dbt parses everything anew: so
    # they are as the first run will have them.
    own = {"FIRN_BRANCH": ANY_RUN, "FIRN_HOME": str(settings.home)}
    command = [dbt, "--no-use-colors", "parse", "--profiles-dir", "profiles"]
    done = subprocess.run(  # noqa: S603  # our own words
        command,
        cwd=settings.project_dir,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UsageError(
            f"the dbt project does not parse: {done.stdout.strip()[-2000:]}",
            where=str(settings.project_dir),
            remedy="Correct it; `dbt parse` says the same.",
        )
    content = json.loads((settings.project_dir / "target/manifest.json").read_text())
    content["exposures"] = {}  # nobody runs them
    for node in (*content["nodes"].values(), *content["sources"].values()):
        path = Path(node["original_file_path"])
        if node["resource_type"] in ("model", "source"):
            node["original_file_path"] = str(Path(*path.parts[1:]))
        elif node["resource_type"] == "test":
            node["original_file_path"] = path.name
    target = settings.project_dir / _FILE
    aside = target.with_suffix(".aside")
    aside.write_text(json.dumps(content))
    aside.replace(target)
    return target


def manifest(settings: Settings) -> tuple[Path, dict[str, Any]]:
    """The manifest that was deployed, and its file.

    Raises:
        SetupError: There is none, or the project has changed since.
    """
    path = settings.project_dir / _FILE
    remedy = "Run `firn airflow deploy`, where the project is deployed."
    try:
        written, content = path.stat().st_mtime, json.loads(path.read_text("utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise SetupError(
            f"there is no manifest to make tasks from: {error}",
            where=str(path),
            remedy=remedy,
        ) from error
    for file in files(settings.project_dir):
        if file.stat().st_mtime > written:
            raise SetupError(
                f"the manifest is older than {file.relative_to(settings.project_dir)}",
                where=str(path),
                remedy=remedy,
            )
    return path, content
