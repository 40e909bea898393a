import json

import pytest

from orchestration.benchmarks.harness import Ratio, check_equal, interleave, report


def test_arms_take_turns_and_the_order_is_reversed_every_other_round() -> None:
    seen: list[str] = []
    seconds = interleave(
        {"a": lambda: seen.append("a"), "b": lambda: seen.append("b")}, rounds=3
    )
    assert seen == ["a", "b", "b", "a", "a", "b"]
    assert {name: len(values) for name, values in seconds.items()} == {"a": 3, "b": 3}


def test_the_state_is_restored_before_every_arm() -> None:
    seen: list[str] = []
    interleave(
        {"a": lambda: seen.append("a"), "b": lambda: seen.append("b")},
        rounds=1,
        before_each=lambda: seen.append("-"),
    )
    assert seen == ["-", "a", "-", "b"]


def test_a_ratio_is_of_medians_so_one_slow_round_does_not_decide() -> None:
    seconds = {"ours": [2.0, 2.0, 90.0], "plain": [1.0, 1.0, 1.0]}
    assert Ratio("r", "ours", "plain").value(seconds) == 2.0


def test_different_outputs_stop_the_benchmark() -> None:
    with pytest.raises(AssertionError, match="rows differ: 1 is not 2"):
        check_equal("rows", 1, 2)


def test_json_carries_arms_ratios_goals_and_machine(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report(
        "t",
        {"a": [1.0, 3.0], "b": [1.0, 1.0]},
        ratios=[Ratio("a ÷ b", "a", "b", goal=1.05)],
        notes=["rows: equal"],
        output="json",
    )
    result = json.loads(capsys.readouterr().out)
    assert result["arms"]["a"] == {"median": 2.0, "min": 1.0, "max": 3.0, "rounds": 2}
    assert result["ratios"][0]["value"] == 2.0
    assert result["ratios"][0]["goal"] == 1.05
    assert result["notes"] == ["rows: equal"]
    assert int(result["machine"]["cores"]) >= 1


def test_text_names_the_goal(capsys: pytest.CaptureFixture[str]) -> None:
    report("t", {"a": [1.0]}, ratios=[Ratio("a ÷ a", "a", "a", goal=1.5)])
    assert "goal ≤ 1.5" in capsys.readouterr().out
