import pytest
from dbt.cli.main import build

from orchestration.build import arguments
from orchestration.errors import UsageError


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["--full-refresh"],
        ["--vars", "{a: 1}"],
        ["--threads", "4", "-x"],
        ["--target=prod"],
    ],
)
def test_a_build_without_selection_is_whole(args: list[str]) -> None:
    assert arguments.is_whole(args)


@pytest.mark.parametrize(
    "args",
    [
        ["--select", "a"],
        ["-s", "a"],
        ["--exclude", "a"],
        ["--selector", "nightly"],
        ["--resource-type", "model"],
        ["--event-time-start", "2026-01-01"],
        ["--something-new"],
        ["stray"],
    ],
)
def test_a_selection_or_an_unknown_argument_is_not_whole(args: list[str]) -> None:
    assert not arguments.is_whole(args)


@pytest.mark.parametrize("flag", ["--empty", "--sample", "--target-path", "--log-path"])
def test_arguments_that_would_publish_something_else_are_refused(flag: str) -> None:
    with pytest.raises(UsageError, match=flag):
        arguments.check([flag, "value"])
    with pytest.raises(UsageError, match=flag):
        arguments.check([f"{flag}=value"])


@pytest.mark.parametrize(
    ("select", "with_ancestors"),
    [
        ("fct_orders", "+fct_orders"),
        ("+fct_orders", "+fct_orders"),
        ("2+fct_orders+", "+fct_orders+"),
        ("@fct_orders", "@fct_orders"),
        ("tag:a,path:models/marts", "+tag:a,+path:models/marts"),
        ("a b", "+a +b"),
    ],
)
def test_freshness_looks_at_the_sources_that_a_selection_reads(
    select: str, with_ancestors: str
) -> None:
    args = ["--select", select, "--full-refresh"]
    assert arguments.freshness_selection(args) == ["--select", with_ancestors]


def test_freshness_looks_at_all_sources_without_a_selection() -> None:
    assert arguments.freshness_selection(["--full-refresh"]) == []


def test_what_all_commands_share_is_parted_from_what_build_alone_takes() -> None:
    args = ["--select", "a", "b", "--vars", "{x: 1}", "-t", "prod", "-f"]
    assert arguments.shared(args) == ["--vars", "{x: 1}", "-t", "prod"]
    assert arguments.own(args) == ["--select", "a", "b", "-f"]


def test_full_refresh_has_two_names() -> None:
    assert arguments.is_full_refresh(["-f"])
    assert arguments.is_full_refresh(["--full-refresh"])
    assert not arguments.is_full_refresh(["--no-full-refresh"])


@pytest.mark.parametrize(
    "variable",
    [
        *("DBT_EMPTY", "DBT_ENGINE_EMPTY", "DBT_SAMPLE", "DBT_RESOURCE_TYPES"),
        *("DBT_EXCLUDE_RESOURCE_TYPES", "DBT_EVENT_TIME_START", "DBT_EVENT_TIME_END"),
    ],
)
def test_the_environment_cannot_make_a_whole_build_a_part(variable: str) -> None:
    with pytest.raises(UsageError, match=variable) as caught:
        arguments.check([], {variable: "1"})
    assert f"unset {variable}" in caught.value.remedy
    arguments.check([], {variable: ""})
    arguments.check([], {"DBT_LOG_LEVEL": "debug"})


def test_these_variables_are_the_ones_that_dbt_reads() -> None:
    told = {name for param in build.params for name in param.envvar or ()}
    assert {f"DBT_{name}" for name in arguments._REFUSED_VARIABLES} <= told
    assert {f"DBT_ENGINE_{name}" for name in arguments._REFUSED_VARIABLES} <= told
