"""Maven and the JDK: found, or missed in a word that says what to install."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from orchestration.errors import SetupError

HERE = Path(__file__).parent
_JDK = 17
_CLASS = "FirnCatalogTests.java"


class MissingToolError(SetupError):
    """Maven, a JDK or the kit's packages are not there; nothing was tested."""


@dataclass(frozen=True)
class Tools:
    """The commands that run the kit."""

    mvn: str
    java: str
    javac: str


def find() -> Tools:
    """Look for them on the PATH.

    Raises:
        MissingToolError: One is missing, or the JDK is too old.
    """
    found = {name: shutil.which(name) for name in ("mvn", "java", "javac")}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        raise MissingToolError(
            f"the compatibility kit needs {' and '.join(missing)}",
            remedy=f"Install Maven and a JDK of version {_JDK} or newer "
            "(Debian: `apt install maven openjdk-17-jdk-headless`).",
        )
    tools = Tools(*(str(found[name]) for name in ("mvn", "java", "javac")))
    said = subprocess.run(
        [tools.javac, "-version"], capture_output=True, text=True, check=False
    )
    version = re.search(r"(\d+)", said.stdout + said.stderr)
    if version is None or int(version[1]) < _JDK:
        raise MissingToolError(
            f"the compatibility kit needs a JDK of version {_JDK} or newer",
            where=tools.javac,
            remedy="Put a newer one first on the PATH.",
        )
    return tools


def class_path(tools: Tools, folder: Path) -> str:
    """The kit's packages, from Maven's local store or fetched, and Firn's own class.

    Args:
        folder: Takes what Maven and the compiler write.

    Raises:
        MissingToolError: Maven cannot get the packages.
    """
    listed = folder / "class-path.txt"
    arguments = ["dependency:build-classpath", f"-Dmdep.outputFile={listed}"]
    command = [tools.mvn, "-q", "-B", "-f", str(HERE / "pom.xml"), *arguments]
    for more in (["-o"], []):  # asking the network takes longer, and it may be missing
        done = subprocess.run(
            [*command, *more], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            break
    else:
        raise MissingToolError(
            f"Maven cannot get the kit's packages: {_last_error(done.stdout)}",
            where=str(HERE / "pom.xml"),
            remedy="Connect to the network once, or set Maven's mirror.",
        )
    packages = listed.read_text().strip()
    classes = folder / "classes"
    classes.mkdir(exist_ok=True)
    subprocess.run(
        [tools.javac, "-d", str(classes), "-cp", packages, str(HERE / _CLASS)],
        check=True,
    )
    return f"{classes}:{packages}"


def _last_error(output: str) -> str:
    lines = [line for line in output.splitlines() if line.startswith("[ERROR]")]
    return lines[0].removeprefix("[ERROR] ")[:300] if lines else "no reason given"
