import duckdb
import pytest

from orchestration.cli.checks import extensions
from orchestration.errors import SetupError
from orchestration.lake import session


def test_an_extension_of_another_duckdb_is_broken_for_doctor_and_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert {check.state for check in extensions()} == {"ok"}
    monkeypatch.setattr(duckdb, "__version__", "0.0.1")
    broken = [check for check in extensions() if check.state == "broken"]
    assert len(broken) == len(session.EXTENSIONS)
    assert all("rm -rf .venv" in check.fix for check in broken)
    with duckdb.connect() as connection, pytest.raises(SetupError, match=r"rm -rf"):
        session.load_extensions(connection)
