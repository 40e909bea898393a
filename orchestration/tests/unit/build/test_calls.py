import json

import pytest
from pyiceberg.exceptions import ForbiddenError

from orchestration.build import calls, way_in
from orchestration.errors import UsageError
from orchestration.lake.process import Endpoint


def test_what_the_catalog_refuses_comes_without_a_trace(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise ForbiddenError("nothing reaches main")

    monkeypatch.setitem(calls.VERBS, "drop", refuse)
    monkeypatch.setattr(calls, "rest_catalog", lambda *_: None)
    asked = calls.Calls(Endpoint("http://127.0.0.1:1", "t"), "b")
    error = json.loads(asked.answer("drop", "{}"))["error"]
    assert error.startswith("branch b: the catalog refused drop: nothing reaches main")
    assert "ForbiddenError" not in error
    assert not [r for r in caplog.records if r.levelname == "ERROR"]


def test_nothing_builds_on_main() -> None:
    with pytest.raises(UsageError, match="firn build"):
        way_in._check("main", named=True, needs_branch=False)
    way_in._check("dev_ana", named=False, needs_branch=False)
