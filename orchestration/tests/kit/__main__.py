"""Run Apache Iceberg's REST compatibility kit against Firn's own catalog.

Prints counts and every test that ends otherwise than expected. Exit codes: 0 all as
expected, 1 a test did not end as expected, 3 Maven, a JDK or the kit is missing.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from orchestration.errors import FirnError
from orchestration.tests.kit import page, report, runner, tools
from orchestration.tests.kit.expected import EXPECTED


def main() -> int:
    """Run the suites that are named, and write the page after all of them."""
    parser = argparse.ArgumentParser(
        prog="python -m orchestration.tests.kit",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "suite",
        nargs="?",
        choices=(*runner.SUITES, "all"),
        default="all",
        help="which tests; `all`, the default, also writes docs/compatibility.md",
    )
    asked = parser.parse_args().suite
    suites = list(runner.SUITES) if asked == "all" else [asked]
    try:
        with tempfile.TemporaryDirectory(prefix="firn-kit-") as folder:
            results = _run(suites, Path(folder))
    except FirnError as error:
        _say(str(error))
        return error.exit_code
    if asked == "all":
        page.write(results)
        _say(f"written: {page.PAGE.relative_to(runner.PROJECT)}")
    news = [
        f"{suite}: {one}"
        for suite, ran in results.items()
        for one in report.news(ran, EXPECTED[suite])
    ]
    for one in news:
        _say(one)
    return 1 if news else 0


def _run(suites: list[str], folder: Path) -> dict[str, list[report.Result]]:
    found = tools.find()
    _say("resolving the kit's packages with Maven …")
    class_path = tools.class_path(found, folder)
    results = {}
    with runner.serving(folder) as served:
        for suite in suites:
            _say(f"running the {suite} suite …")
            ran = runner.run(suite, served, found, class_path)
            passed = report.count(ran, "passed")
            _say(f"{suite}: {passed} of {len(ran)} pass")
            results[suite] = ran
    return results


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
