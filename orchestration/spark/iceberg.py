"""Iceberg's runtime for Spark: one jar, fetched once, known by its checksum."""

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from filelock import FileLock

from orchestration.errors import SetupError
from orchestration.spark import kept
from orchestration.spark.java import Java

GROUP = "org.apache.iceberg"
ARTIFACT = "iceberg-spark-runtime-4.1_2.13"
VERSION = "1.11.0"
SHA256 = "d6ea6c5d099288daeb7d5a92061bd3d7d8f296492632b42378e5f2f0e3066242"
_FETCH_SECONDS = 600
_OWN = "FIRN_ICEBERG_JAR"
_SETTINGS = "FIRN_IVY_SETTINGS"


def jar(java: Java, environ: Mapping[str, str] = os.environ) -> Path:
    """The jar, verified; fetched by Maven coordinates where it is not here yet.

    `FIRN_ICEBERG_JAR` names one that came another way, `FIRN_IVY_SETTINGS` a file of
    Ivy settings with the repositories to ask instead of the public one.

    Raises:
        SetupError: It cannot be fetched, or is not the jar that was pinned.
    """
    if own := environ.get(_OWN):
        return _verified(Path(own), remedy=f"Correct {_OWN}, or leave it out.")
    path = path_here()
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        if not path.is_file():
            _fetch(path, java, environ.get(_SETTINGS))
    return _verified(path, remedy=f"Delete {path}; it is then fetched anew.")


def is_named(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment names a jar of its own."""
    return bool(environ.get(_OWN))


def path_here() -> Path:
    """Where the fetched jar lies, or will."""
    return kept.folder() / f"{ARTIFACT}-{VERSION}.jar"


def _fetch(path: Path, java: Java, settings: str | None) -> None:
    """By Ivy, which Spark brings along and itself resolves its packages with."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        fetched = Path(folder) / path.name
        command = [
            *(str(java.program), *java.options(), "-jar", str(_ivy())),
            *(("-settings", settings) if settings else ()),
            *("-cache", f"{folder}/cache", "-confs", "default", "-warn"),
            *("-dependency", GROUP, ARTIFACT, VERSION),
            *("-retrieve", f"{folder}/[artifact]-[revision].[ext]"),
        ]
        try:
            answer = subprocess.run(  # noqa: S603  # no shell, our own arguments
                command,
                capture_output=True,
                text=True,
                timeout=_FETCH_SECONDS,
                check=False,
            )
            said = answer.stdout + answer.stderr
        except (OSError, subprocess.TimeoutExpired) as error:
            said = str(error)
        if not fetched.is_file():
            raise _not_fetched(said)
        _verified(fetched, remedy="What was downloaded is not what was published.")
        fetched.replace(path)


def _ivy() -> Path:
    import pyspark  # noqa: PLC0415  # of the extra `spark`

    assert pyspark.__file__ is not None
    return next((Path(pyspark.__file__).parent / "jars").glob("ivy-*.jar"))


def _not_fetched(said: str) -> SetupError:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = [line for line in lines if "ERROR" in line or "not found" in line] or lines
    return SetupError(
        f"{GROUP}:{ARTIFACT}:{VERSION} cannot be fetched: {' '.join(told)[:500]}",
        remedy=f"Look at the network, name a mirror by {_SETTINGS} (a file of Ivy "
        f"settings), or fetch the jar another way and name it by {_OWN}.",
    )


def _verified(path: Path, *, remedy: str) -> Path:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SetupError(
            f"the jar cannot be read: {error.strerror}", where=str(path), remedy=remedy
        ) from error
    if found != SHA256:
        raise SetupError(
            f"the jar is not {ARTIFACT} {VERSION}: its SHA-256 is {found}, "
            f"not {SHA256}",
            where=str(path),
            remedy=remedy,
        )
    return path
