"""A shop that has had its first day, and what its days come to without any fault."""

import shutil
from pathlib import Path

from orchestration.tests.faults import invariants
from orchestration.tests.faults.catalog_machine import until
from orchestration.tests.faults.world import World


class Undisturbed:
    """Knows what the first days come to; runs a day when it is asked for.

    What a test may start from, the world after the first day, is kept aside and copied
    back to its place: metadata names files by absolute paths.
    """

    def __init__(self, project: Path, folder: Path) -> None:
        self._project = project
        self._folder = folder
        self._states: dict[int, invariants.State] = {}
        self._own: World | None = None
        self._borrowed: World | None = None

    def after(self, days: tuple[int, ...]) -> invariants.State:
        """The marts' hashes after the first days, which came in order."""
        assert days == tuple(range(1, len(days) + 1))
        for day in range(len(self._states) + 1, len(days) + 1):
            world = self._world()
            world.drop(day)
            world.run()
            invariants.check(world)
            self._states[day] = invariants.marts(world)
            if day == 1:
                world.close()
                shutil.copytree(world.folder, self._kept)
        return self._states[len(days)]

    def first_day(self) -> World:
        """A world in which the first day was run; the one lent before is over."""
        self.after((1,))
        if self._borrowed is None:
            self.after((1, 2))  # in the same place, so before it is lent
            self._own = None
        else:
            self._borrowed.close()
        place = self._folder / "project"
        # A catalog that a killed call had just started may still be about to leave.
        until(lambda: _is_removed(place))
        shutil.copytree(self._kept, place)
        self._borrowed = World(place, days=[1])
        return self._borrowed

    def close(self) -> None:
        """End what runs."""
        for world in (self._own, self._borrowed):
            if world is not None:
                world.close()

    @property
    def _kept(self) -> Path:
        return self._folder / "after_the_first_day"

    def _world(self) -> World:
        if self._own is None:
            place = self._folder / ("longer" if self._borrowed else "project")
            shutil.copytree(self._project, place)
            self._own = World(place)
            for day in range(1, len(self._states) + 1):
                self._own.drop(day)
                self._own.run()
        return self._own


def _is_removed(folder: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()
