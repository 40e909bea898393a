"""The two engines as dbt's own suites see them: a profile, and what SQL they speak."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Engine:
    """One column of the page; `target` is its name in profiles.yml."""

    name: str
    title: str
    target: str

    def profile(self) -> dict[str, Any]:
        """What profiles.yml says of it; each test class adds a schema of its own."""
        profiles = yaml.safe_load((PROJECT / "profiles/profiles.yml").read_text())
        found: dict[str, Any] = profiles["firn"]["outputs"][self.target]
        return found

    def __str__(self) -> str:
        return self.name


DUCKDB = Engine("duckdb", "DuckDB", "dev")
SPARK = Engine("spark", "Spark", "spark")
ENGINES = (DUCKDB, SPARK)
