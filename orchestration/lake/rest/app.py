"""The ASGI application: who may ask, what was asked, and how it is answered."""

import asyncio
import json
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from urllib.parse import unquote

import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from orchestration.errors import (
    BusyError,
    ConflictError,
    FirnError,
    NotFoundError,
    UnsureError,
    UsageError,
)
from orchestration.lake import branches
from orchestration.lake.catalog import errors
from orchestration.lake.catalog.errors import CatalogError
from orchestration.lake.catalog.files import Files
from orchestration.lake.catalog.tables import Tables
from orchestration.lake.catalog.views import Views
from orchestration.lake.rest.call import Call, Services
from orchestration.lake.rest.handlers import Handler
from orchestration.lake.rest.reads import Reads
from orchestration.lake.rest.routes import ENDPOINTS
from orchestration.lake.store import Store
from orchestration.settings import BRANCH_NAME, MAIN

log = logging.getLogger(__name__)

BODY_SECONDS = 60.0  # from the head of a request to the end of its body
BODY_LIMIT = 32 * 1024 * 1024  # bytes; a commit of 10,000 tables has about 10 MiB

_READS = ("GET", "HEAD")


def application(store: Store, *, warehouse: Path, token: str) -> "Guard":
    """The catalog of one lake, for whoever knows the token."""
    files = Files(warehouse)
    services = Services(store, Tables(store, files), Views(store, files), Reads())
    routes = [Route("/v1/config", _config(services), methods=["GET"])]
    for method, path, handler in ENDPOINTS:
        pattern = path.replace("{table}", "{name}").replace("{view}", "{name}")
        routes.append(Route(pattern, _endpoint(services, handler), methods=[method]))
    app = Starlette(
        routes=routes,
        exception_handlers={404: _no_endpoint, 405: _no_endpoint},
    )
    return Guard(app, token)


class Guard:
    """Lets requests with the token through, and remembers when the last one was.

    Attributes:
        last_used: `time.monotonic()` of the newest request, in seconds.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()
        self.last_used = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand the server's lifespan on.

        Raises:
            RuntimeError: It is none of HTTP; the server then ends the connection.
        """
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # no other protocol, so none without the token
            raise RuntimeError(f"the catalog speaks HTTP, not {scope['type']}")
        given = dict(scope["headers"]).get(b"authorization", b"")
        if not secrets.compare_digest(given, self._expected):
            refused = CatalogError(
                401, "NotAuthorizedException", "the bearer token is missing or wrong"
            )
            await _refusal(refused)(scope, receive, send)
            return
        self.last_used = time.monotonic()
        # Names may hold an encoded slash, so routes match the path as it was sent.
        path = scope["raw_path"].decode("latin-1").partition("?")[0]
        await self._app({**scope, "path": path, "root_path": ""}, receive, send)
        self.last_used = time.monotonic()


def _config(services: Services) -> Callable[[Request], Awaitable[Response]]:
    endpoints = [f"{method} {path}" for method, path, _ in ENDPOINTS]

    def answer(branch: str | None) -> Response:
        if not branch:
            return _refusal(errors.bad_request("name a branch: ?warehouse=<branch>"))
        try:
            with services.store.read() as connection:
                if not branches.exists(connection, branch):
                    return _refusal(errors.no_such_branch(branch))
        except FirnError as error:
            return _refusal(_refused(error, "GET /v1/config"))
        body = {
            "defaults": {},
            "overrides": {"prefix": branch},
            "endpoints": endpoints,
        }
        return _response(json.dumps(body).encode())

    async def endpoint(request: Request) -> Response:
        branch = request.query_params.get("warehouse")
        return await run_in_threadpool(answer, branch)

    return endpoint


def _endpoint(
    services: Services, handler: Handler
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            path = _unquoted(request.path_params)
            body = await _body(request)
        except CatalogError as refused:
            return _refusal(refused)
        call = Call(
            services,
            path.pop("prefix"),
            path,
            dict(request.query_params),
            body,
            reader=str(request.client or ""),
        )
        return await run_in_threadpool(_answer, handler, call, request.method)

    return endpoint


def _answer(handler: Handler, call: Call, method: str) -> Response:
    """Run a handler, and turn what it raises into the specification's errors."""
    try:
        _admit(call, method)
        reply = handler(call)
    except RecursionError:
        return _refusal(errors.bad_request("the request is nested too deeply"))
    except Exception as error:  # noqa: BLE001 - the protocol's door: all are answered
        return _refusal(_refused(error, f"{method} {call.path} on {call.branch}"))
    return _response(reply.body, status=reply.status)


def _refused(error: Exception, request: str) -> CatalogError:
    """What is said of a failure; what must not be said goes to the log."""
    match error:
        case CatalogError():
            return error
        case NotFoundError():  # the branch was dropped meanwhile
            return CatalogError(404, "NoSuchWarehouseException", error.what)
        case UsageError():
            return errors.bad_request(error.what)
        case ConflictError():
            return errors.commit_failed(error.what)
        case BusyError():
            # Nothing was done, so a client may try again. Of other failures it must
            # not conclude that its commit is lost: it would delete files in use.
            log.warning("%s: the database is busy", request)
            what = "the catalog's database is busy; try again"
            return CatalogError(503, "ServiceUnavailableException", what)
    log.error("%s failed", request, exc_info=error)
    # What SQLite says of a transaction that it has rolled back.
    is_full = isinstance(error, UnsureError) and "disk is full" in error.what
    what = "the catalog failed; its log has the reason"
    unknown = CatalogError(500, "InternalServerError", what)
    return errors.disk_full() if is_full else unknown


def _admit(call: Call, method: str) -> None:
    if call.branch == MAIN and method not in _READS:
        raise errors.forbidden(
            "main is read-only here: write to a branch, then publish it"
        )
    with call.services.store.read() as connection:
        if not _is_branch(connection, call.branch):
            raise errors.no_such_branch(call.branch)


def _is_branch(connection: sa.Connection, name: str) -> bool:
    """Whether there is such a branch; what cannot name one is not looked for."""
    return bool(BRANCH_NAME.fullmatch(name)) and branches.exists(connection, name)


def _unquoted(parameters: Mapping[str, str]) -> dict[str, str]:
    try:
        return {
            key: unquote(value, errors="strict") for key, value in parameters.items()
        }
    except UnicodeDecodeError as error:
        raise errors.bad_request("the address is not UTF-8") from error


async def _body(request: Request) -> bytes:
    """What was sent, while it is neither too large nor too slow."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > BODY_LIMIT:
        raise _too_large()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _received(request)
    except TimeoutError as error:
        what = f"the request took more than {BODY_SECONDS} seconds to arrive"
        raise CatalogError(408, "BadRequestException", what) from error
    except ClientDisconnect as error:
        raise errors.bad_request("the request ended early") from error


async def _received(request: Request) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY_LIMIT:
            raise _too_large()
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large() -> CatalogError:
    what = f"a request may have {BODY_LIMIT} bytes"
    return CatalogError(413, "BadRequestException", what)


async def _no_endpoint(_request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    what = "this catalog has no such endpoint"
    kind = "NotFoundException" if status == 404 else "UnsupportedOperationException"
    return _refusal(CatalogError(status, kind, what))


def _refusal(error: CatalogError) -> Response:
    model = {"message": error.what, "type": error.kind, "code": error.status}
    return _response(json.dumps({"error": model}).encode(), status=error.status)


def _response(body: bytes | None, *, status: int = 200) -> Response:
    if body is None:
        return Response(status_code=status)
    return Response(body, status_code=status, media_type="application/json")
