"""The catalog beyond this machine: by TLS alone, and to nobody but its clients."""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import duckdb
import httpx
import pytest

from orchestration.errors import SetupError, UsageError
from orchestration.lake import Lake, process, session
from orchestration.lake.process import Endpoint, ensure_catalog, read_token
from orchestration.lake.rest import server
from orchestration.lake.rest.tls import Certificate
from orchestration.settings import Settings
from orchestration.tests.pages import fault, mutant, promise

BEYOND = "the catalog is asked to listen beyond this machine"
STRANGER = "another server answers in the catalog's place"
PROXY = "HTTP_PROXY is set"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes the test's certificate, is not installed")
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", str(key), "-out", str(cert)),
            *("-subj", "/CN=localhost", "-addext", names),
        ],
        check=True,
        capture_output=True,
    )
    return Certificate(cert, key)


@pytest.fixture
def served(
    settings: Settings, lake: Lake, certificate: Certificate
) -> Iterator[Endpoint]:
    """`firn catalog serve` on every address of this machine, by TLS."""
    lake.create_branch("dev")
    firn = Path(sys.executable).with_name("firn")
    files = [f"--tls-cert={certificate.cert}", f"--tls-key={certificate.key}"]
    command = [str(firn), "catalog", "serve", "--host=0.0.0.0", *files]
    environ = {
        **os.environ,
        "FIRN_PROJECT_DIR": str(settings.project_dir),
        "FIRN_HOME": str(settings.home),
    }
    with subprocess.Popen(
        command, env=environ, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        first = running.stderr.readline()
        assert "the catalog listens on https://localhost:" in first, first
        endpoint = ensure_catalog(settings, environ={})
        yield endpoint
        process.release(settings)
        running.kill()  # connections of the engines would be waited for


@fault("Security", BEYOND, seen="exit 2 without a certificate; with one, TLS")
@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])
@promise("Beyond it the catalog serves by TLS alone")
def test_nothing_leaves_the_machine_in_plain_text(
    settings: Settings, host: str
) -> None:
    with pytest.raises(UsageError, match="by TLS alone") as refused:
        server.serve(settings, host)
    assert "--tls-cert" in refused.value.remedy
    assert not settings.home.exists()


@mutant(BEYOND, guard="addresses beyond the loopback need a certificate")
def test_without_the_guard_it_would(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class ListensError(Exception):
        pass

    def run(_: Settings, door: object, **__: object) -> None:
        raise ListensError(door)

    monkeypatch.setattr(server, "_refuse_other_than_loopback", lambda _: None)
    monkeypatch.setattr(server, "_run", run)
    with pytest.raises(ListensError, match=r"0\.0\.0\.0"):
        server.serve(settings, "0.0.0.0")


def test_files_that_are_no_certificate_are_refused(
    certificate: Certificate, tmp_path: Path
) -> None:
    for cert, key in (
        (certificate.key, certificate.cert),
        (certificate.cert, tmp_path / "gone.pem"),
        (certificate.cert, tmp_path),
    ):
        with pytest.raises(UsageError, match="cannot speak TLS") as refused:
            Certificate(cert, key)
        assert "PEM" in refused.value.remedy


@fault("Security", BEYOND, seen="exit 2 without a certificate; with one, TLS")
@promise("Beyond it the catalog serves by TLS alone")
def test_both_engines_work_by_tls_and_nobody_else_does(
    served: Endpoint, settings: Settings
) -> None:
    assert served.uri.startswith("https://localhost:")
    with duckdb.connect() as con:
        session.attach(con, served, "dev")
        con.execute("create schema lake.s")
        con.execute("create table lake.s.t as select 42 as answer")
    table = session.rest_catalog(served, "dev").load_table("s.t")
    assert table.scan().to_arrow().to_pydict() == {"answer": [42]}
    url = f"{served.uri}/v1/config?warehouse=dev"
    trusting = ssl.create_default_context(cafile=served.ca)
    assert httpx.get(url, verify=trusting).status_code == 401
    with pytest.raises(httpx.HTTPError):
        httpx.get(url.replace("https:", "http:"))


@fault("Security", STRANGER, seen="exit 3; it does not get the token")
def test_a_server_that_is_not_trusted_gets_no_token(
    served: Endpoint, settings: Settings
) -> None:
    stranger = replace(served, ca="")
    with duckdb.connect() as con, pytest.raises(SetupError, match="cannot be attached"):
        session.attach(con, stranger, "dev")
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        session.rest_catalog(stranger, "dev")


@mutant(STRANGER, guard="DuckDB checks the server's certificate")
def test_without_the_check_it_would_get_it(
    served: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trust(con: duckdb.DuckDBPyConnection, _: Endpoint) -> None:
        con.execute("set global enable_curl_server_cert_verification = false")

    monkeypatch.setattr(session, "_trust", trust)
    with duckdb.connect() as con:
        session.attach(con, served, "dev")


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A proxy of the environment that answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as bait:
        bait.setblocking(False)
        uri = f"http://127.0.0.1:{bait.getsockname()[1]}"
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, uri)
        monkeypatch.setenv("NO_PROXY", "example.org")
        monkeypatch.setenv("no_proxy", "")
        yield bait


@fault("Security", PROXY, seen="nothing: what stays on this machine asks no proxy")
def test_the_token_goes_through_no_proxy(
    proxied: socket.socket, settings: Settings, lake: Lake
) -> None:
    endpoint = ensure_catalog(settings)
    with duckdb.connect() as con:
        session.attach(con, endpoint, "main")
    session.rest_catalog(endpoint, "main").list_namespaces()
    with pytest.raises(BlockingIOError):
        proxied.accept()
    assert os.environ["NO_PROXY"] == "example.org,127.0.0.1"
    assert os.environ["no_proxy"] == "127.0.0.1"
    process.release(settings)


@mutant(PROXY, guard="the loopback is taken out of the proxy's addresses")
def test_without_it_the_proxy_would_see_the_token(
    proxied: socket.socket,
    settings: Settings,
    lake: Lake,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "_go_directly", lambda _: None)
    endpoint = ensure_catalog(settings)
    assert read_token(settings) == endpoint.token
    heard: list[str] = []
    listening = threading.Thread(target=listen, args=(proxied, heard))
    listening.start()
    with duckdb.connect() as con, pytest.raises(SetupError):
        session.attach(con, endpoint, "main")
    listening.join()
    assert any(endpoint.token in one for one in heard)
    process.release(settings)


def listen(bait: socket.socket, heard: list[str]) -> None:
    """Hear what comes, and hang up, until nothing comes any more."""
    bait.settimeout(3)
    with suppress(TimeoutError):
        while True:
            connection, _ = bait.accept()
            with connection:
                connection.settimeout(3)
                heard.append(connection.recv(10_000).decode())
