"""Where a connection to the catalog breaks, and what stands against it."""

SECTION = "Connections"
COMMIT = "transactions/commit$"  # how DuckDB commits
SWAP = "tables/rpt_totals$"  # how a table's new content is swapped in
KEEPS_BRANCHES = (
    "orchestration.build.attempt:CatalogLostError="
    "orchestration.tests.faults.mutants:NeverRaisedError"
)
DROPPED = "a branch whose commits were not answered is dropped"
