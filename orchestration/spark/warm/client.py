"""A build's way to the warm Spark, where `firn spark up` has started one."""

import json
import os
import signal
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.errors import SetupError, UsageError
from orchestration.spark.warm import record
from orchestration.spark.warm.record import Record

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_PATIENCE = 60.0  # seconds; a session takes a fraction of one
_entered: list["Door"] = []  # at most one: pyspark has one JVM a process
_GATEWAY = ("PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET")


@dataclass(frozen=True)
class Door:
    """A way into the JVM, open as long as the connection is."""

    port: int
    secret: str = field(repr=False)
    connection: socket.socket = field(repr=False)


def knock(home: Path, conf: Mapping[str, str]) -> Door | None:
    """Ask the warm Spark of this lake for a door; None if there is none.

    Raises:
        UsageError: It was started with other settings.
        SetupError: It does not answer.
    """
    if (running := Record.of(home)) is None:
        return None
    try:
        connection, answer = _asked(running, conf)
    except (OSError, ValueError) as error:
        if not record.is_running(home):
            return None  # it just ended
        raise SetupError(
            f"the warm Spark does not answer ({type(error).__name__})",
            where=f"process {running.pid}",
            remedy="End it by `firn spark down`; builds then start their own.",
        ) from error
    if differs := answer.get("differs"):
        connection.close()
        raise UsageError(
            f"the warm Spark was started with another {', '.join(differs)}",
            where=f"process {running.pid}",
            remedy="Such settings are those of its start: `firn spark down`, then "
            "`firn spark up`.",
        )
    return Door(answer["port"], answer["secret"], connection)


def _asked(
    running: Record, conf: Mapping[str, str]
) -> tuple[socket.socket, dict[str, Any]]:
    address = ("127.0.0.1", running.port)
    question = {"token": running.token, "conf": dict(conf)}
    connection = socket.create_connection(address, timeout=_PATIENCE)
    try:
        connection.sendall(json.dumps(question).encode() + b"\n")
        with connection.makefile("rb") as lines:
            return connection, json.loads(lines.readline())
    except BaseException:
        connection.close()
        raise


def enter(door: Door) -> "SparkSession":
    """The session behind the door, in this process, which may enter one alone."""
    from pyspark import SparkConf, SparkContext  # noqa: PLC0415  # the extra `spark`
    from pyspark.sql import SparkSession  # noqa: PLC0415

    _entered.append(door)  # it is open as long as this process lives
    gateway = _gateway(door)
    session = gateway.entry_point
    context = session.sparkContext()
    before = signal.getsignal(signal.SIGINT)
    spark = SparkContext(
        gateway=gateway,
        jsc=gateway.jvm.JavaSparkContext(context),
        conf=SparkConf(_jconf=context.conf()),
    )
    if threading.current_thread() is threading.main_thread():
        # pyspark's own would cancel the jobs of all clients.
        signal.signal(signal.SIGINT, before)
    return SparkSession(spark, session)


def _gateway(door: Door) -> Any:
    from pyspark import java_gateway  # noqa: PLC0415

    os.environ.update(zip(_GATEWAY, (str(door.port), door.secret), strict=True))
    try:
        return java_gateway.launch_gateway()  # type: ignore[no-untyped-call]
    finally:
        for name in _GATEWAY:  # no child and no `env_var` shall see them
            del os.environ[name]
