"""What goes wrong on Spark: its Java, its jar, its JVM, and whatever both engines meet.

Days without a fault are built by DuckDB: what Spark leaves, the other engine goes on
with.
"""

import os
import signal
import socket

import pytest

from orchestration.lake.model import TEMPORARY
from orchestration.tests.faults import invariants
from orchestration.tests.faults.disks import small
from orchestration.tests.faults.proxy import Rule, proxy
from orchestration.tests.faults.test_two_merges import dbt, holds_every_order_once
from orchestration.tests.faults.undisturbed import Undisturbed
from orchestration.tests.faults.verdicts import clear, converges
from orchestration.tests.faults.world import Done, World
from orchestration.tests.jvm import jvms_of
from orchestration.tests.pages import fault, mutant

pytest.importorskip("pyspark", reason="the extra spark is not installed")
pytestmark = pytest.mark.spark

SECTION = "Spark"
ON_SPARK = ("build", "--target", "spark")
MODEL = ("run", "--profiles-dir", "profiles", "--select", "fct_orders")
MODEL_ON_SPARK = (*MODEL, "--target", "spark")
NOTHING = "orchestration.tests.faults.mutants:nothing"
# Spark's own commit of a model's rows, not the catalog's swap after it.
INSERT = Rule("POST", "run_.*/tables/", "pass", body=b"add-snapshot")


def landed(world: World, day: int = 2) -> int:
    """Land a day; returns the publication that it is."""
    world.drop(day)
    assert world.firn("ingest").code == 0
    return world.newest()


def nothing_is_lost(world: World, undisturbed: Undisturbed, newest: int) -> None:
    """Nothing is published, and a build without a fault comes to what it should."""
    assert world.newest() == newest
    converges(world, undisturbed)


JAR = "Iceberg's jar is not the one that was pinned"
VERIFIED = (
    "orchestration.spark.iceberg:SHA256="
    "orchestration.tests.faults.test_spark:OF_THE_OTHER"
)
OF_THE_OTHER = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@fault(
    SECTION,
    JAR,
    seen="exit 3: which file, its checksum and the pinned one; nothing is published",
    rerun="builds",
)
@pytest.mark.slow
def test_another_jar_is_refused(day_one: World, undisturbed: Undisturbed) -> None:
    newest = landed(day_one)
    clear(build_with_an_empty_jar(day_one), "the jar is not", "empty.jar", "SHA-256")
    nothing_is_lost(day_one, undisturbed, newest)


@mutant(JAR, guard="the jar's checksum is compared each time Spark starts")
@pytest.mark.full
def test_another_jar_would_be_run(day_one: World) -> None:
    landed(day_one)
    done = build_with_an_empty_jar(day_one, VERIFIED)
    with pytest.raises(AssertionError):
        clear(done, "the jar is not")


def build_with_an_empty_jar(world: World, mutant: str | None = None) -> Done:
    """Build on Spark with a jar that is none."""
    jar = world.folder / "empty.jar"
    jar.touch()
    own = {"FIRN_ICEBERG_JAR": str(jar)}
    return world.firn(*ON_SPARK, env=own, mutant=mutant)


@fault(
    SECTION,
    "no Java that Spark supports",
    seen="exit 3: what was found, and what to install; nothing is published",
    rerun="builds, once there is one",
    unguarded="Spark cannot start; Firn says why",
)
@pytest.mark.full
def test_no_java_is_named(day_one: World, undisturbed: Undisturbed) -> None:
    newest = landed(day_one)
    own = {"JAVA_HOME": "/nowhere", "PATH": str(day_one.folder)}
    hidden = f"orchestration.spark.java:_packaged={NOTHING}"
    done = day_one.firn(*ON_SPARK, env=own, mutant=hidden)
    clear(done, "no Java that Spark supports", "/nowhere is no Java", "JAVA_HOME")
    nothing_is_lost(day_one, undisturbed, newest)


@fault(
    SECTION,
    "a port that the profile fixes is taken",
    seen="exit 3: Spark does not start, and that an address is in use",
    rerun="builds, once it is free",
    unguarded="Spark cannot start; Firn says why. Without a fixed port a free one is "
    "taken, warm or cold",
)
@pytest.mark.full
def test_a_taken_port_is_named(day_one: World, undisturbed: Undisturbed) -> None:
    newest = landed(day_one)
    profile = day_one.folder / "profiles/profiles.yml"
    before = profile.read_text()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        fixed = f'"{taken.getsockname()[1]}"'
        own = f"spark.driver.port: {fixed}\n        spark.port.maxRetries: '0'\n"
        profile.write_text(
            before.replace(
                "spark.app.name: firn\n", f"spark.app.name: firn\n{' ' * 8}{own}"
            )
        )
        for call in (ON_SPARK, ("spark", "up")):
            done = day_one.firn(*call)
            clear(done, "Spark does not start", "Address already in use")
    profile.write_text(before)
    nothing_is_lost(day_one, undisturbed, newest)


GONE = "catalog gone while Spark builds"


@fault(
    SECTION,
    GONE,
    seen="exit 3: the catalog does not answer, and where its log is; no branch is left",
    rerun="builds it all",
    unguarded="by the guard of *catalog killed in the middle of a request*",
)
@pytest.mark.full
def test_a_catalog_that_goes_away_is_named(
    day_one: World, undisturbed: Undisturbed
) -> None:
    newest = landed(day_one)
    rule = Rule(INSERT.method, INSERT.path, "gone", body=INSERT.body)
    with proxy(day_one, rule) as between:
        done = day_one.firn(*ON_SPARK, env=between.env)
    assert rule.hits == 1
    clear(done, "the catalog does not answer", "catalog.log")
    assert day_one.branches() == []
    nothing_is_lost(day_one, undisturbed, newest)


KILLED = "kill -9 of the JVM while Spark builds"
IN_WORDS = "what Spark's JVM leaves unsaid is put into words"
UNTOLD = f"orchestration.build.attempt:explain_text={NOTHING}"


@fault(
    SECTION,
    KILLED,
    seen="exit 3: Spark's JVM is gone, and what may have killed it",
    rerun="builds it all",
)
@pytest.mark.full
@pytest.mark.parametrize("warm", [False, True], ids=["its own", "the warm one"])
def test_a_killed_jvm_is_named(
    day_one: World, undisturbed: Undisturbed, *, warm: bool
) -> None:
    newest = landed(day_one)
    clear(build_until_the_jvm_is_killed(day_one, warm=warm), "Spark's JVM is gone")
    if warm:
        assert day_one.firn("spark", "down").code == 0
    nothing_is_lost(day_one, undisturbed, newest)


@mutant(KILLED, guard=IN_WORDS)
@pytest.mark.full
def test_a_killed_jvm_without_words(day_one: World) -> None:
    landed(day_one)
    done = build_until_the_jvm_is_killed(day_one, warm=False, mutant=UNTOLD)
    with pytest.raises(AssertionError):
        clear(done, "Spark's JVM is gone")


def build_until_the_jvm_is_killed(
    world: World, *, warm: bool, mutant: str | None = None
) -> Done:
    """Build on Spark, whose JVM is killed as it commits the first rows."""
    if warm:
        up = world.firn("spark", "up", "--format", "json")
        assert up.code == 0, up
    keepers: list[int] = [up.data["pid"]] if warm else []

    def kill() -> None:
        [jvm] = jvms_of(keepers[0])
        os.kill(jvm, signal.SIGKILL)

    rule = Rule(INSERT.method, INSERT.path, "cut", body=INSERT.body, before=kill)
    with proxy(world, rule) as between:
        child = world.start(*ON_SPARK, env=between.env, mutant=mutant)
        keepers.append(child.pid)
        done = world.wait(child)
    assert rule.hits == 1
    world.last = None  # it was not `world.firn` that called
    return done


@fault(
    SECTION,
    "disk full while Spark builds",
    seen="exit 3: the disk is full, where, and how to make room",
    rerun="builds it all",
    unguarded="by the guard of *disk of the whole lake full*",
)
@pytest.mark.full
@pytest.mark.parametrize("leave", [0, 20_000, 60_000])
def test_a_full_disk_is_named_on_spark(
    world: World, undisturbed: Undisturbed, leave: int
) -> None:
    world.home.mkdir(exist_ok=True)
    with small(world.home / "warehouse", kilobytes=4_000) as disk:
        world.drop(1)
        world.run()
        newest = landed(world)
        disk.fill(leave=leave)
        done = world.firn(*ON_SPARK)
        disk.free()
        clear(done, "the disk is full", "disk-full.md")
        nothing_is_lost(world, undisturbed, newest)
        world.stop_catalog()


OVERTAKEN = "a run on Spark is overtaken by another"


@fault(
    SECTION,
    OVERTAKEN,
    seen="one publishes; the other exits 1 and names the tables that moved",
    rerun="finds nothing to do",
    unguarded="by the guard of *two runs at once*",
)
@pytest.mark.full
@pytest.mark.parametrize("target", ["spark", "prod"])
def test_of_two_runs_one_publishes(
    day_one: World, undisturbed: Undisturbed, target: str
) -> None:
    landed(day_one)
    slow = day_one.pause(*ON_SPARK, failpoint="build.judged")
    fast = day_one.firn("build", "--target", target, "--format", "json")
    assert fast.data["status"] == "published", fast
    late = day_one.resume(slow)
    clear(late, "marts.fct_orders", "main moved since", code=1)
    invariants.check_published(day_one, 4)
    invariants.converged(day_one, undisturbed)


MEET = "Spark and another run merge into one model of one branch"


@fault(
    SECTION,
    MEET,
    seen="one lands; the other's model fails: the table has changed meanwhile",
    rerun="merges what is new",
    unguarded="by the guard of *two `dbt run`s merge into one model of one branch*",
)
@pytest.mark.full
@pytest.mark.parametrize("other", [MODEL_ON_SPARK, MODEL], ids=["spark", "duckdb"])
def test_of_two_merges_none_is_lost(day_one: World, other: tuple[str, ...]) -> None:
    landed(day_one)
    ended: list[Done] = []

    def overtake() -> None:
        day_one._odd_catalog = False  # what runs is this test's own
        landed(day_one, 3)
        ended.append(dbt(day_one, *other))

    rule = Rule(
        *("POST", f"dev_tester.*/tables/fct_orders{TEMPORARY}", "pass"),
        body=b"add-snapshot",
        before=overtake,
    )
    with proxy(day_one, rule) as between:
        slow = dbt(day_one, *MODEL_ON_SPARK, env=between.env)
    [fast] = ended
    assert fast.code == 0, fast
    clear(slow, "fct_orders", "meanwhile", code=1)
    assert dbt(day_one, *MODEL).code == 0
    holds_every_order_once(day_one)
    invariants.check_published(day_one, 4)
