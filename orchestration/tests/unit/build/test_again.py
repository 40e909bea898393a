import pytest

from orchestration.build.again import is_whole
from orchestration.build.artifacts import NodeResult
from orchestration.build.gates import Evidence


@pytest.mark.parametrize(
    ("success", "before", "after", "whole"),
    [
        (True, "success", "success", True),
        (False, "error", "success", True),
        (False, "skipped", "success", True),
        (False, "error", "skipped", False),
        (False, "success", "success", False),  # what no node explains, none mends
    ],
)
def test_a_no_of_dbt_holds_until_what_explains_it_is_built(
    success: bool, before: str, after: str, whole: bool
) -> None:
    then, now = (
        NodeResult(id="model.firn.a", kind="model", status=status, seconds=1)
        for status in (before, after)
    )
    evidence = Evidence(success=success, nodes=(then,))
    assert is_whole(evidence, (now,)) is whole
