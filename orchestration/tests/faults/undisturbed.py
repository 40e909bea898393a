"""What the days come to without any fault."""

from orchestration.tests.faults import invariants
from orchestration.tests.faults.world import World


class Undisturbed:
    """A world in which nothing ever goes wrong; runs a day when it is asked for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._states: dict[int, invariants.State] = {}

    def after(self, days: tuple[int, ...]) -> invariants.State:
        """The marts' hashes after the first days, which came in order."""
        assert days == tuple(range(1, len(days) + 1))
        for day in range(len(self._states) + 1, len(days) + 1):
            self._world.drop(day)
            self._world.run()
            invariants.check(self._world)
            self._states[day] = invariants.marts(self._world)
        return self._states[len(days)]
