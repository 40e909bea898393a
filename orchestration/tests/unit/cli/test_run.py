import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from orchestration.build import run as run_module
from orchestration.build.artifacts import NodeResult
from orchestration.build.gates import Finding
from orchestration.build.progress import Progress
from orchestration.build.result import Refusal, RunResult
from orchestration.cli.render import progress as progress_module
from orchestration.errors import ConflictError
from orchestration.lake.model import Provenance, Publication, TableChange, TableId
from orchestration.settings import Settings
from orchestration.tests.unit.cli.conftest import Firn

FACT = TableId("marts", "fct_orders")
MODEL = NodeResult(
    id="model.p.fct_orders",
    kind="model",
    status="success",
    seconds=0.5,
    relation="marts.fct_orders",
    rows=1200,
    added=34,
)
TEST = NodeResult(id="test.p.unique_x.1", kind="test", status="pass", seconds=0.1)
PUBLICATION = Publication(
    id=17,
    kind="publish",
    branch="run_1",
    published_at=datetime(2026, 11, 21, tzinfo=UTC),
    provenance=Provenance(who="t"),
    changes=(TableChange(FACT, "TABLE", "old", "new"),),
)
PUBLISHED = RunResult(
    status="published",
    seconds=3.25,
    branch="run_1",
    nodes=(MODEL, TEST),
    publication=PUBLICATION,
    logs=Path("logs/run_1"),
)
FAILED = Finding(
    gate="test", severity="error", subject="unique_x", what="Got 3 results", rows=3
)
LOOK = "firn sql --branch run_1 --file logs/run_1/unique_x.sql"
REFUSED = replace(
    PUBLISHED,
    status="refused",
    publication=None,
    refusals=(
        Refusal(finding=FAILED, look=LOOK),
        Refusal(finding=replace(FAILED, severity="warn", subject="late")),
    ),
)
UNCHANGED = RunResult(status="unchanged", seconds=0.2, reason="nothing new: …")
CONFLICT = replace(
    PUBLISHED,
    status="conflict",
    publication=None,
    reason="main moved",
    conflict=ConflictError("main moved", where="marts.fct_orders"),
)
CODES = [(PUBLISHED, 0), (UNCHANGED, 0), (REFUSED, 1), (CONFLICT, 1)]
Building = Callable[[RunResult], None]


@pytest.fixture
def building(monkeypatch: pytest.MonkeyPatch) -> Building:
    """Let every build come to a given result, with progress on the way."""

    def prepare(result: RunResult) -> None:
        def build(
            settings: Settings,
            dbt_args: object,
            *,
            progress: Progress,
            **kwargs: object,
        ) -> RunResult:
            progress.step("dbt build")
            progress.started(MODEL.id)
            progress.finished(MODEL)
            return result

        monkeypatch.setattr(run_module, "build", build)

    return prepare


@pytest.mark.parametrize(("result", "code"), CODES, ids=lambda value: str(value)[:30])
def test_a_build_ends_with_0_when_main_has_it_and_1_when_not(
    firn: Firn, building: Building, result: RunResult, code: int
) -> None:
    building(result)
    assert firn("build").exit_code == code
    machine = firn("build", "--format", "json")
    assert machine.exit_code == code
    assert json.loads(machine.stdout)["status"] == result.status


def test_json_has_every_figure(firn: Firn, building: Building) -> None:
    building(PUBLISHED)
    answer = json.loads(firn("build", "--format", "json").stdout)
    assert answer["publication"] == 17
    assert answer["tables"] == [{"table": "marts.fct_orders", "change": "changed"}]
    assert answer["counts"] == {"ok": 2, "warn": 0, "failed": 0, "skipped": 0}
    assert answer["nodes"][0]["rows"] == 1200
    assert answer["nodes"][0]["added"] == 34


def test_the_summary_names_tables_rows_seconds_publication_and_what_next(
    firn: Firn, building: Building
) -> None:
    building(PUBLISHED)
    said = firn("build").stdout
    for part in (
        "marts.fct_orders",
        "1,200",
        "published 17: 1 table (1 changed)",
        "1 of 1 tests passed",
        "3.2 s",
        "firn rollback 17",
    ):
        assert part in said


def test_a_refusal_names_test_rows_branch_and_query(
    firn: Firn, building: Building
) -> None:
    building(REFUSED)
    said = firn("build").stdout
    assert "✗ test unique_x: Got 3 results [3 rows]" in said
    assert LOOK in said
    assert "! test late" in said
    assert "refused: 1 error, nothing was published" in said
    assert "firn diff run_1" in said
    (error, warning) = json.loads(firn("build", "--format", "json").stdout)["findings"]
    assert (error["rows"], error["look"]) == (3, LOOK)
    assert warning["severity"] == "warn"


def test_a_conflict_is_told_apart(firn: Firn, building: Building) -> None:
    building(CONFLICT)
    assert "conflict: nothing was published" in firn("build").stdout
    answer = json.loads(firn("build", "--format", "json").stdout)
    assert answer["error"]["where"] == "marts.fct_orders"


def test_nothing_but_the_answer_is_printed_into_a_pipe(
    firn: Firn, building: Building
) -> None:
    building(PUBLISHED)
    assert firn("build").stderr == ""


def test_on_a_terminal_every_node_gets_its_line(
    firn: Firn, building: Building, monkeypatch: pytest.MonkeyPatch
) -> None:
    building(PUBLISHED)
    monkeypatch.setattr(progress_module, "interactive", lambda: True)
    result = firn("build")
    assert "✓ marts.fct_orders  1,200 rows (34 written)" in result.stderr
    assert firn("build", "--verbose").stderr == ""  # dbt speaks instead


def test_run_lands_first_and_reports_both(
    firn: Firn, building: Building, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = SimpleNamespace(
        source="shop",
        table="orders",
        load_id="l1",
        files=2,
        source_rows=12,
        landed=11,
        rejected=1,
        waiting=0,
        seconds=0.4,
    )
    landed = SimpleNamespace(loads=(load,), publications=(PUBLICATION,))

    def ingest(settings: Settings, **told: Callable[..., None]) -> object:
        told["on_progress"](load)
        return landed

    monkeypatch.setattr("orchestration.ingestion.run.ingest", ingest)
    building(PUBLISHED)
    said = firn("run").stdout
    assert said.index("raw.shop__orders") < said.index("published 17")
    answer = json.loads(firn("run", "--format", "json").stdout)
    assert answer["ingest"]["loads"][0]["landed"] == 11
    assert answer["ingest"]["publications"] == [17]
    assert answer["publication"] == 17

    truth = "raw landed as publication 17; nothing that was built is published"
    for other in (REFUSED, CONFLICT):
        building(other)
        assert truth in firn("run").stdout
        assert "main is as it was" not in firn("run").stdout

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run_module, "build", interrupted)
    assert truth in firn("run").stderr
    assert "main is as it was" in firn("build").stderr
