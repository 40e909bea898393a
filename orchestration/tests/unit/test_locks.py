"""The locks of all extras agree, are hashed, and name no address."""

import re
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).parents[3] / "requirements"
EXTRAS = ("core", "demo", "dev", "spark", "airflow")
PIN = re.compile(r"^(?P<name>[a-z0-9._-]+)==(?P<version>[^ ;\\]+)(?P<marker> ;[^\\]*)?")


def lock(extra: str) -> str:
    return (REQUIREMENTS / f"{extra}.txt").read_text()


def pins(text: str) -> dict[str, set[str]]:
    """Versions of each package; several where they depend on the platform."""
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        if match := PIN.match(line):
            found.setdefault(match["name"], set()).add(match["version"])
    return found


@pytest.mark.parametrize("extra", EXTRAS[1:])
def test_an_extra_pins_what_the_core_pins(extra: str) -> None:
    core, other = pins(lock("core")), pins(lock(extra))
    assert core
    assert {name: other.get(name) for name in core} == core


@pytest.mark.parametrize("extra", [*EXTRAS, "uv"])
def test_every_pin_has_a_hash_and_no_line_an_address(extra: str) -> None:
    text = lock(extra)
    assert "://" not in text
    blocks = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert [block for block in blocks if "--hash=sha256:" not in block] == []


def test_the_core_is_light() -> None:
    assert not {"pyspark", "apache-airflow-core", "jafgen"} & pins(lock("core")).keys()


def test_extensions_have_the_version_of_duckdb() -> None:
    core = pins(lock("core"))
    extensions = {name for name in core if name.startswith("duckdb-extension-")}
    assert len(extensions) == 3
    assert {version for name in extensions for version in core[name]} == core["duckdb"]
