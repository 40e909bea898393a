"""Every test of upstream's that does not pass, and why: the only place that says so.

Each of them runs all the same, and one that passes after all fails the run: the table
cannot grow old.
"""

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from orchestration.tests.conformance.engines import ENGINES, Engine


class Verdict(StrEnum):
    """What becomes of a test that does not pass."""

    FAILS = "fail"  # it could mean something here, and does not work
    NOT_APPLICABLE = "not applicable"  # it is about what this lake has not


@dataclass(frozen=True, kw_only=True)
class Exceptional:
    """Tests that do not pass.

    Args:
        tests: A pattern of `suite::Class::test`.
        why: A sentence, for whoever reads the page.
        reference: An issue or a page of documentation that says so.
    """

    tests: str
    verdict: Verdict
    why: str
    reference: str
    engines: tuple[Engine, ...] = ENGINES


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Upstream's classes that do not even run: what they need cannot be set up."""

    classes: str
    why: str
    reference: str


EXCEPTIONAL: tuple[Exceptional, ...] = ()
LEFT_OUT: tuple[LeftOut, ...] = ()


def exceptional(name: str, engine: Engine) -> Exceptional | None:
    """The entry of a test, if it has one."""
    for entry in EXCEPTIONAL:
        if engine in entry.engines and fnmatchcase(name, entry.tests):
            return entry
    return None
