"""What the DAGs need beside them: the manifest that they are made from."""

import subprocess
import sys
from pathlib import Path

from orchestration.errors import UsageError
from orchestration.settings import Settings


def deploy(settings: Settings) -> Path:
    """Let dbt read the project, and write `target/manifest.json`.

    Raises:
        UsageError: The project does not parse; the message is dbt's.
    """
    dbt = str(Path(sys.executable).with_name("dbt"))
    command = [dbt, "--no-use-colors", "parse", "--profiles-dir", "profiles"]
    done = subprocess.run(  # noqa: S603  # our own words
        command, cwd=settings.project_dir, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise UsageError(
            f"the dbt project does not parse: {done.stdout.strip()[-2000:]}",
            where=str(settings.project_dir),
            remedy="Correct it; `dbt parse` says the same.",
        )
    return settings.project_dir / "target/manifest.json"
