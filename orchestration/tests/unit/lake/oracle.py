"""What a lake must be, kept in dictionaries: the other side of the state machine."""

from dataclasses import dataclass, field

from orchestration.lake.model import TEMPORARY

MAIN = "main"
State = dict[str, str]  # name of a table or view → its metadata file
Move = tuple[str | None, str | None]


@dataclass
class Branch:
    """A branch: its state, its fork, and what it was forked from."""

    base: str
    state: State
    fork: State


@dataclass
class Publication:
    """A move of `main`: what each table went from and to, and all of `main` after."""

    moves: dict[str, Move]
    after: State
    reverts: int | None = None
    cleaned: bool = False


@dataclass
class Oracle:
    """The lake as plain data. Methods say what must come of a verb, and apply it."""

    main: State = field(default_factory=dict)
    branches: dict[str, Branch] = field(default_factory=dict)
    log: dict[int, Publication] = field(default_factory=dict)

    def state(self, branch: str) -> State:
        """Where the names of a branch point to."""
        return self.main if branch == MAIN else self.branches[branch].state

    def fork(self, name: str, base: str, at: int | None) -> None:
        """A new branch."""
        start = self.log[at].after if at else finished(self.state(base))
        self.branches[name] = Branch(base, dict(start), dict(start))

    def differences(self, name: str) -> dict[str, Move]:
        """What a branch changed since its fork."""
        branch = self.branches[name]
        here = finished(branch.state)
        return {
            table: (branch.fork.get(table), here.get(table))
            for table in {*here, *branch.fork}
            if here.get(table) != branch.fork.get(table)
        }

    def to_publish(self, name: str) -> dict[str, Move]:
        """What publishing a branch would move."""
        moves = self.differences(name)
        return {t: m for t, m in moves.items() if self.main.get(t) != m[1]}

    def to_undo(self, number: int) -> dict[str, Move]:
        """What rolling a publication back would move."""
        moves = self.log[number].moves
        wanted = {table: (new, old) for table, (old, new) in moves.items()}
        return {t: m for t, m in wanted.items() if self.main.get(t) != m[1]}

    def conflicts(self, moves: dict[str, Move]) -> list[str]:
        """Tables that `main` has elsewhere than where the moves begin."""
        return sorted(t for t, (old, _) in moves.items() if self.main.get(t) != old)

    def publish(self, number: int, moves: dict[str, Move], name: str | None) -> None:
        """Apply a publication of a branch, or (no name) a rollback."""
        for table, (_, new) in moves.items():
            put(self.main, table, new)
            if name is not None:
                put(self.branches[name].fork, table, new)
        self.log[number] = Publication(moves, dict(self.main))

    def newest_in_effect(self) -> int | None:
        """What a rollback without a number undoes."""
        undone: set[int] = set()
        for number, publication in sorted(self.log.items(), reverse=True):
            if number in undone:
                continue
            if publication.reverts is None:
                return number
            undone.add(publication.reverts)
        return None

    def refresh(self, name: str) -> list[str]:
        """Follow the base where the branch changed nothing; what moved."""
        branch = self.branches[name]
        base = finished(self.state(branch.base))
        moved = [
            table
            for table in {*branch.state, *branch.fork, *base}
            if branch.state.get(table) == branch.fork.get(table) != base.get(table)
        ]
        for table in moved:
            put(branch.state, table, base.get(table))
            put(branch.fork, table, base.get(table))
        return sorted(moved)

    def clean(self, keep: int, its_own: str) -> None:
        """Forget all but the newest publications, a run's branches, and builds."""
        for number in sorted(self.log)[:-keep]:
            self.log[number].cleaned = True
        bases = {branch.base for branch in self.branches.values()}
        for name, branch in list(self.branches.items()):
            if name.startswith(its_own) and branch.base == MAIN and name not in bases:
                del self.branches[name]
        for branch in self.branches.values():
            branch.state = finished(branch.state)

    def pointers(self) -> set[str]:
        """Every metadata file that can be reached."""
        states = [self.main]
        for branch in self.branches.values():
            states += [branch.state, branch.fork]
        found = {location for state in states for location in state.values()}
        for publication in self.log.values():
            if not publication.cleaned:
                moves = publication.moves.values()
                found |= {one for move in moves for one in move if one}
        return found


def finished(state: State) -> State:
    """Without the tables in work."""
    return {t: location for t, location in state.items() if TEMPORARY not in t}


def put(state: State, table: str, location: str | None) -> None:
    """Point a name there, or take it away."""
    if location is None:
        state.pop(table, None)
    else:
        state[table] = location
