"""The world itself: days without a fault pass every check."""

import pytest

from orchestration.tests.faults import invariants
from orchestration.tests.faults.reader import Reader
from orchestration.tests.faults.undisturbed import Undisturbed
from orchestration.tests.faults.world import World


@pytest.mark.full
def test_days_without_a_fault_pass_every_check(
    world: World, undisturbed: Undisturbed
) -> None:
    with Reader(world) as reader:
        for day in (1, 2):
            world.drop(day)
            assert world.run().data["status"] == "published"
            invariants.check(world)
    assert reader.reads
    invariants.converged(world, undisturbed)
