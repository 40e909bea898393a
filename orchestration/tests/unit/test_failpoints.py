"""Every failpoint that the code reaches is declared, and every declared one reached."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration import failpoints

PACKAGE = Path(failpoints.__file__).parent
_CALL = re.compile(r'\breach\("([^"]+)"\)')


def test_names_are_those_that_the_code_reaches() -> None:
    found: list[str] = []
    for path in PACKAGE.rglob("*.py"):
        if "tests" not in path.parts:
            found += _CALL.findall(path.read_text())
    assert set(found) == failpoints.NAMES


@pytest.mark.parametrize("wanted", ["nowhere", "store.begun:NOSUCH", "store.begun@x"])
def test_what_can_never_be_reached_is_refused(wanted: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        failpoints.parse(wanted)


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ("store.begun", -signal.SIGKILL),
        ("store.begun@2:TERM", -signal.SIGTERM),
        ("store.begun@3", 0),
        ("store.committed", 0),
        ("", 0),
    ],
)
def test_the_process_ends_where_it_is_told(wanted: str, code: int) -> None:
    twice = (
        "from orchestration.failpoints import reach\n" + 2 * "reach('store.begun')\n"
    )
    environment = {"FIRN_FAILPOINT": wanted, "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run([sys.executable, "-c", twice], env=environment, check=False)
    assert done.returncode == code
