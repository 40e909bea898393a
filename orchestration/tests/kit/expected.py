"""The kit's tests that do not pass, each with its reason: the one place that says so.

The page takes the reasons from here, and the test compares the kit's results with it,
both ways: a test that starts to fail and one that starts to pass are news.
"""

_NO_ROOT = (
    "Wants tables at the root, in a namespace without a name. The kit skips it for "
    "every REST catalog: its client refuses such names before it sends a request, and "
    "the specification's paths have no place for them."
)

_V3 = (
    "Creates a table of format v3, which is refused (400). pyiceberg, which applies "
    "commits here, does not write v3, and what it does not know of it (encryption "
    "keys, transforms of several columns, variants) it would drop. Formats v1 and v2 "
    "pass the same test."
)

# suite → test, as JUnit's report names it → reason
EXPECTED: dict[str, dict[str, str]] = {
    "catalog": {
        "createAndDropEmptyNamespace()": _NO_ROOT,
        "listNamespacesWithEmptyNamespace()": _NO_ROOT,
        "listTablesInEmptyNamespace()": _NO_ROOT,
        "namespacePropertiesOnEmptyNamespace()": _NO_ROOT,
        "createTableTransaction(int)[3]": _V3,
        "testCreateTableWithDefaultColumnValue()": (
            "Columns with a default value are of format v3, which is refused, see "
            "`createTableTransaction`."
        ),
        "testLoadTableWithMissingMetadataFile(Path)": (
            "Passes up to the wording: the answer is the 404 that it wants, but it "
            "also wants the file's path in the message, and no error names one here."
        ),
    },
    "view": {"listViewsInEmptyNamespace()": _NO_ROOT},
}
