from datetime import timedelta

import pytest

from orchestration.build import gates
from orchestration.build.artifacts import NodeResult, SourceAge
from orchestration.build.gates import Evidence, Volume, judge, refused
from orchestration.tests.pages import promise


def node(unique_id: str, status: str, **more: object) -> NodeResult:
    kind = unique_id.partition(".")[0]
    return NodeResult(id=unique_id, kind=kind, status=status, seconds=0, **more)  # type: ignore[arg-type]


STALE = SourceAge(
    id="source.p.shop.orders",
    status="error",
    age=timedelta(hours=30),
    error_after=timedelta(hours=24),
)
BAD: dict[str, Evidence] = {
    "freshness": Evidence(sources=(STALE,)),
    "models": Evidence(nodes=(node("model.p.fct", "error", message="Boom"),)),
    "tests": Evidence(nodes=(node("test.p.t.1", "fail", failures=3, sql="s"),)),
    "volume": Evidence(
        volumes=(Volume(table="m.f", before=100, after=70, max_shrink=0.2),)
    ),
    "verdict": Evidence(success=False),
}


def test_good_evidence_passes_every_gate() -> None:
    good = Evidence(
        sources=(SourceAge(id="source.p.s.t", status="pass"),),
        nodes=(node("model.p.fct", "success"), node("test.p.t.1", "pass")),
        volumes=(Volume(table="m.f", before=100, after=90, max_shrink=0.2),),
    )
    assert judge(good) == ()


@pytest.mark.parametrize("gate", BAD)
@promise("gates: freshness · contracts · tests · volume")
def test_each_gate_refuses_what_it_is_there_for(gate: str) -> None:
    assert refused(judge(BAD[gate]))


@pytest.mark.parametrize("gate", BAD)
def test_without_the_gate_the_same_evidence_would_pass(
    gate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = tuple(g for g in gates.GATES if g is not getattr(gates, gate))
    assert len(others) == len(gates.GATES) - 1
    monkeypatch.setattr(gates, "GATES", others)
    assert not refused(judge(BAD[gate]))


def test_the_gates_are_all_covered_here() -> None:
    assert {gate.__name__ for gate in gates.GATES} == set(BAD)


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(sources=(SourceAge(id="source.p.s.t", status="warn"),)),
        Evidence(nodes=(node("test.p.t.1", "warn", failures=2),)),
        Evidence(volumes=(Volume(table="m.f", before=5, after=0),)),
    ],
    ids=["freshness", "test", "volume"],
)
def test_a_warning_is_shown_and_does_not_refuse(evidence: Evidence) -> None:
    (finding,) = judge(evidence)
    assert finding.severity == "warn"
    assert not refused((finding,))


def test_errors_come_before_warnings() -> None:
    evidence = Evidence(
        nodes=(node("test.p.a.1", "warn"), node("test.p.b.1", "fail")),
    )
    assert [finding.severity for finding in judge(evidence)] == ["error", "warn"]


def test_a_finding_says_how_many_rows_and_how_to_see_them() -> None:
    (finding,) = judge(BAD["tests"])
    assert (finding.subject, finding.rows, finding.sql) == ("t", 3, "s")


def test_staleness_is_told_in_hours_with_its_limit() -> None:
    (finding,) = judge(BAD["freshness"])
    assert finding.what == "newest row is 30 h old, limit 24 h"


def test_a_broken_contract_is_called_so() -> None:
    message = "This model has an enforced contract that failed."
    (finding,) = judge(Evidence(nodes=(node("model.p.m", "error", message=message),)))
    assert finding.gate == "contract"


def test_skipped_nodes_add_no_noise_to_the_error_that_caused_them() -> None:
    evidence = Evidence(
        success=False,
        nodes=(node("model.p.a", "error"), node("model.p.b", "skipped")),
    )
    assert [finding.subject for finding in judge(evidence)] == ["a"]


def test_a_table_without_a_limit_may_shrink() -> None:
    assert judge(Evidence(volumes=(Volume(table="m.f", before=100, after=1),))) == ()
