"""What tests of faults expect of a call, and of what it left."""

from orchestration.tests.faults import invariants
from orchestration.tests.faults.undisturbed import Undisturbed
from orchestration.tests.faults.world import Done, World


def clear(done: Done, *words: str, code: int = 3) -> None:
    """The call ended with its code and all of the words, and no stack trace."""
    told = done.out + done.err
    assert done.code == code, done
    assert "Traceback" not in told, done
    assert "\tat " not in told, done  # as a JVM writes it
    for word in words:
        assert word in told, done


def converges(world: World, undisturbed: Undisturbed) -> None:
    """What was left is whole, and a run without a fault comes to what it should."""
    invariants.check(world)
    world.run()
    invariants.check(world)
    invariants.converged(world, undisturbed)
