"""`firn`: the verbs. Each imports what it needs when it is called."""

import typer

from orchestration.cli import (
    airflow,
    branches,
    build,
    catalog,
    clean,
    diff,
    doctor,
    ingest,
    log,
    publish,
    rollback,
    run,
    spark,
    sql,
    verify,
)
from orchestration.cli.errors import Verbs

app = typer.Typer(
    name="firn",
    cls=Verbs,
    help="Land data, build it with dbt on a branch of the lake, publish it at once.\n\n"
    "Exit codes: 0 done, 1 a gate or the data said no, 2 wrong use, 3 the environment "
    "is broken, 130 interrupted, 143 terminated.\n\n"
    "\b\nExample:\n  firn run\n  firn log",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 88},
)

# dbt's own arguments pass through unread.
_PASS_ON = {"ignore_unknown_options": True}

app.command("run", context_settings=_PASS_ON)(run.run)
app.command("ingest")(ingest.ingest)
app.command("build", context_settings=_PASS_ON)(build.build)
app.add_typer(branches.app, name="branches")
app.command("diff")(diff.diff)
app.command("publish")(publish.publish)
app.command("rollback")(rollback.rollback)
app.command("log")(log.log)
app.command("sql")(sql.sql)
app.command("verify")(verify.verify)
app.command("clean")(clean.clean)
app.add_typer(catalog.app, name="catalog")
app.add_typer(spark.app, name="spark")
app.add_typer(airflow.app, name="airflow")
app.command("doctor")(doctor.doctor)
