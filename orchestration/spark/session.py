"""A Spark session on a branch: the lake as its catalog, the branch as its warehouse.

The JVM is the lake's warm one (`firn spark up`), else one that starts with this
process, and serves every session after it. Each session has a catalog of its own, so
that two branches never mix.
"""

import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.errors import SetupError
from orchestration.lake.process import Endpoint
from orchestration.lake.session import DATABASE
from orchestration.spark import iceberg, java
from orchestration.spark.reason import reason
from orchestration.spark.warm import client

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_CATALOG = f"spark.sql.catalog.{DATABASE}"
_CLASSPATH = "spark.driver.extraClassPath"
_LOGS = Path(__file__).with_name("log4j2.properties")
_JAVA_OPTIONS = "spark.driver.extraJavaOptions"


def connect(
    endpoint: Endpoint,
    branch: str,
    conf: Mapping[str, str],
    *,
    home: Path | None = None,
) -> "SparkSession":
    """A new session on a branch.

    Args:
        conf: Spark's settings, by name. What makes the JVM counts when it starts.
        home: The lake's local state; its warm Spark is taken, if one runs.

    Raises:
        SetupError: There is no Java, no jar, or Spark does not start or answer.
        UsageError: The warm Spark was started with other settings.
    """
    require()
    spark = _first(conf, home).newSession()
    for name, value in {**conf, **_lake(endpoint, branch)}.items():
        if spark.conf.isModifiable(name) or name.startswith(_CATALOG):
            spark.conf.set(name, value)
    return spark


def require() -> None:
    """Hold that the extra is installed.

    Raises:
        SetupError: It is not.
    """
    try:
        import pyspark  # noqa: F401, PLC0415  # of the extra `spark`
    except ImportError as error:
        raise SetupError(
            "Spark is not installed",
            remedy="Install the extra: `make run ENGINE=spark` does, and so does "
            "`pip install 'firn[spark]'`.",
        ) from error


def _first(conf: Mapping[str, str], home: Path | None) -> "SparkSession":
    """The process's first session, which all others are made of."""
    from pyspark.sql import SparkSession  # noqa: PLC0415  # of the extra `spark`

    # These print each error with all of its stack, beside raising it.
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    logging.getLogger().addFilter(_is_not_py4js)
    if (running := SparkSession.getActiveSession()) is not None:
        return running
    if home is not None and (door := client.knock(home, conf)) is not None:
        return client.enter(door)
    return start(conf)


def _is_not_py4js(record: logging.LogRecord) -> bool:
    """py4j logs on the root logger."""
    return record.module != "java_gateway"


def start(conf: Mapping[str, str]) -> "SparkSession":
    """Start a JVM that ends with this process, and the first session in it.

    Raises:
        SetupError: There is no Java, no jar, or Spark does not start.
    """
    require()
    from pyspark.sql import SparkSession  # noqa: PLC0415  # of the extra `spark`

    builder = SparkSession.builder
    for name, value in {**conf, **_machine(conf)}.items():
        builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except Exception as error:
        raise SetupError(
            f"Spark does not start: {reason(error)}",
            where=conf.get("spark.master", ""),
            remedy="Spark's own lines above say more; `firn doctor` checks its Java.",
        ) from error


def _machine(conf: Mapping[str, str]) -> dict[str, str]:
    """What only this machine knows: its Java, and where the jar lies."""
    found = java.find()
    jar = iceberg.jar(found)
    os.environ["JAVA_HOME"] = str(found.home)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if _is_local(conf):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    logs = f"-Dlog4j2.configurationFile={_LOGS.as_uri()}"
    options = [*found.options(), logs, conf.get(_JAVA_OPTIONS, "")]
    others = conf.get(_CLASSPATH)
    return {
        # On the class path, since a catalog is loaded before added jars are seen;
        # executors on other machines are sent it.
        _CLASSPATH: os.pathsep.join([str(jar), *([others] if others else [])]),
        **({} if _is_local(conf) else {"spark.jars": str(jar)}),
        _JAVA_OPTIONS: " ".join(option for option in options if option),
    }


def _is_local(conf: Mapping[str, str]) -> bool:
    return conf.get("spark.master", "local").startswith("local")


def _lake(endpoint: Endpoint, branch: str) -> dict[str, str]:
    """The door. Set when the JVM runs: its command line would show the token."""
    return {
        _CATALOG: "org.apache.iceberg.spark.SparkCatalog",
        f"{_CATALOG}.type": "rest",
        f"{_CATALOG}.uri": endpoint.uri,
        f"{_CATALOG}.warehouse": branch,
        f"{_CATALOG}.token": endpoint.token,
        # Others commit beside Spark, the lake's own verbs among them.
        f"{_CATALOG}.cache-enabled": "false",
        f"{_CATALOG}.metrics-reporter-impl": (
            "org.apache.iceberg.metrics.LoggingMetricsReporter"
        ),
        "spark.sql.defaultCatalog": DATABASE,
    }
