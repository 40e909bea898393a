"""CSV whose rows and columns are not what the spec says."""

from orchestration.tests.bad_input.conftest import Landing
from orchestration.tests.pages import case

TWO = {"columns": {"id": "bigint", "v": "varchar"}}


@case("CSV and text", "empty file", outcome="accepted: 0 rows, entered in the ledger")
def test_an_empty_file_is_entered(landing: Landing) -> None:
    outcome = landing(TWO, {"rows.csv": b""})
    assert outcome.result
    assert (outcome.result.files, outcome.rows) == (1, [])


@case("CSV and text", "header only", outcome="accepted: 0 rows, entered in the ledger")
def test_a_header_alone_is_entered(landing: Landing) -> None:
    outcome = landing(TWO, {"rows.csv": b"id,v\n"})
    assert outcome.result
    assert (outcome.result.files, outcome.rows) == (1, [])


def test_x(landing: Landing) -> None:
    outcome = landing(TWO, {"rows.csv": b"id,v\n1,a\nx,b\n"})
    assert outcome.values("id") == [1]
    assert outcome.reasons == [(2, 3, "id")]
