"""The token's file is its owner's alone, and never empty."""

import logging
import os
import secrets
import stat

import pytest
from starlette.testclient import TestClient

from orchestration.errors import SetupError, UsageError
from orchestration.lake import Lake, credentials, process
from orchestration.lake.credentials import read_token
from orchestration.lake.rest.app import application
from orchestration.settings import Settings
from orchestration.tests.pages import fault, mutant

WIDE = "a token file that others can read"
EMPTY = "an empty token file"
WITHOUT = "a request without the token"
PLAIN = "a catalog of another machine, in plain text"


def mode(settings: Settings) -> int:
    return stat.S_IMODE(settings.token_file.stat().st_mode)


def write(settings: Settings, token: str, bits: int = 0o600) -> None:
    settings.home.mkdir(parents=True, exist_ok=True)
    settings.token_file.write_text(token)
    settings.token_file.chmod(bits)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_a_new_token_is_private_whatever_the_umask(
    settings: Settings, mask: int
) -> None:
    settings.home.mkdir()
    before = os.umask(mask)
    try:
        token = read_token(settings)
    finally:
        os.umask(before)
    assert mode(settings) == 0o600
    assert len(token) == 43
    assert read_token(settings) == token
    assert [one.name for one in settings.home.iterdir()] == ["token"]


@fault("Security", WIDE, seen="it is narrowed before it is used; the log says so")
@pytest.mark.parametrize("bits", [0o644, 0o640, 0o604, 0o660, 0o777])
def test_a_token_that_others_can_read_is_narrowed(
    settings: Settings, bits: int, caplog: pytest.LogCaptureFixture
) -> None:
    token = secrets.token_urlsafe(32)
    write(settings, token, bits)
    with caplog.at_level(logging.WARNING):
        assert read_token(settings) == token
    assert mode(settings) == 0o600
    assert "others could read" in caplog.text
    assert token not in caplog.text


@mutant(WIDE, guard="the file's mode is looked at when it is read")
def test_without_a_look_it_stays_wide(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "_keep_private", lambda *_: None)
    write(settings, secrets.token_urlsafe(32), 0o644)
    read_token(settings)
    assert mode(settings) == 0o644


@fault("Security", WIDE, seen="it is narrowed before it is used; the log says so")
@pytest.mark.parametrize("fails", [True, False])
def test_where_it_cannot_be_narrowed_nothing_is_served(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    def fchmod(*_: object) -> None:
        if fails:
            raise PermissionError

    write(settings, secrets.token_urlsafe(32), 0o644)
    monkeypatch.setattr(os, "fchmod", fchmod)
    with pytest.raises(SetupError, match="others can read") as refused:
        read_token(settings)
    assert "FIRN_HOME" in refused.value.remedy


@fault("Security", EMPTY, seen="exit 3: it holds no token; how to make a new one")
@pytest.mark.parametrize("content", ["", "\n", "short"])
def test_an_empty_token_lets_nobody_in(settings: Settings, content: str) -> None:
    write(settings, content)
    with pytest.raises(SetupError, match="holds none") as refused:
        read_token(settings)
    assert refused.value.exit_code == 3
    assert "Delete it" in refused.value.remedy
    with pytest.raises(SetupError, match="holds none"):
        process.ensure_catalog(settings, environ={})


@mutant(EMPTY, guard="a token has a least length")
def test_unchecked_it_would_let_in_whoever_sends_none(
    settings: Settings, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "_SHORTEST", 0)
    write(settings, "\n")
    monkeypatch.setattr(credentials, "_make", lambda _: "")
    app = application(
        lake.store, warehouse=settings.warehouse, token=read_token(settings)
    )
    headers = {"Authorization": "Bearer "}
    with TestClient(app, headers=headers) as http:
        raw = http.get("/v1/config?warehouse=main")
    # httpx keeps the space after `Bearer`; the catalog compares the whole header.
    assert raw.status_code == 200


@fault("Security", WITHOUT, seen="401, whatever it asks for")
@pytest.mark.parametrize("given", ["", "Bearer", "Bearer ", "bearer right", "Bearer x"])
def test_nothing_is_answered_without_the_token(
    settings: Settings, lake: Lake, given: str
) -> None:
    app = application(lake.store, warehouse=settings.warehouse, token="right")
    with TestClient(app, headers={"Authorization": given}) as http:
        for method in ("GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT"):
            for path in ("/v1/config", "/", "/v1/main/namespaces", "/x"):
                assert http.request(method, path).status_code == 401, (method, path)


@mutant(WITHOUT, guard="the token is compared, in constant time")
def test_without_comparing_anybody_is_answered(
    settings: Settings, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def yes(given: bytes, expected: bytes) -> bool:
        compared.append((given, expected))
        return True

    monkeypatch.setattr(secrets, "compare_digest", yes)
    app = application(lake.store, warehouse=settings.warehouse, token="right")
    with TestClient(app) as http:
        assert http.get("/v1/config?warehouse=main").status_code == 200
    assert compared == [(b"", b"Bearer right")]


@fault("Security", PLAIN, seen="exit 2: use https, or a tunnel")
@pytest.mark.parametrize(
    "uri", ["http://192.0.2.1:8181", "http://example.org", "HTTP://10.0.0.1"]
)
def test_the_token_is_not_sent_to_another_machine_in_plain_text(
    settings: Settings, uri: str
) -> None:
    environ = {"FIRN_CATALOG_URI": uri, "FIRN_CATALOG_TOKEN": "t"}
    with pytest.raises(UsageError, match="plain text") as refused:
        process.ensure_catalog(settings, environ=environ)
    assert refused.value.where == "FIRN_CATALOG_URI"


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://a.b"]
)
def test_it_is_sent_by_tls_and_on_this_machine(
    settings: Settings, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    environ = {
        "FIRN_CATALOG_URI": uri,
        "FIRN_CATALOG_TOKEN": "t",
        "FIRN_CATALOG_CA": "ca.pem",
    }
    found = process.ensure_catalog(settings, environ=environ)
    assert found == process.Endpoint(uri, "t", "ca.pem")


@mutant(PLAIN, guard="the address is looked at before the token is read")
def test_unlooked_at_it_would_be_used(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_refuse_plain_text", lambda _: None)
    uri = "http://192.0.2.1:8181"
    environ = {"FIRN_CATALOG_URI": uri, "FIRN_CATALOG_TOKEN": "t"}
    assert process.ensure_catalog(settings, environ=environ).uri == uri
