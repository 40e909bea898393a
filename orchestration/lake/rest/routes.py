"""The endpoints, as the specification writes them and `/v1/config` lists them.

`/metrics` is left out on purpose: a client that sees it listed sends a report of every
scan. `HEAD` stands before `GET`, because a route for `GET` takes `HEAD`, too.
"""

from orchestration.lake.rest import handlers as do
from orchestration.lake.rest.handlers import Handler

_NAMESPACE = "/v1/{prefix}/namespaces/{namespace}"

ENDPOINTS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/v1/{prefix}/namespaces", do.list_namespaces),
    ("POST", "/v1/{prefix}/namespaces", do.create_namespace),
    ("HEAD", _NAMESPACE, do.namespace_exists),
    ("GET", _NAMESPACE, do.load_namespace),
    ("DELETE", _NAMESPACE, do.drop_namespace),
    ("POST", f"{_NAMESPACE}/properties", do.update_namespace),
    ("GET", f"{_NAMESPACE}/tables", do.listing("TABLE")),
    ("POST", f"{_NAMESPACE}/tables", do.create_table),
    ("HEAD", f"{_NAMESPACE}/tables/{{table}}", do.exists("TABLE")),
    ("GET", f"{_NAMESPACE}/tables/{{table}}", do.load_table),
    ("POST", f"{_NAMESPACE}/tables/{{table}}", do.commit_table),
    ("DELETE", f"{_NAMESPACE}/tables/{{table}}", do.dropping("TABLE")),
    ("POST", f"{_NAMESPACE}/register", do.register_table),
    ("POST", "/v1/{prefix}/tables/rename", do.renaming("TABLE")),
    ("POST", "/v1/{prefix}/transactions/commit", do.commit_transaction),
    ("GET", f"{_NAMESPACE}/views", do.listing("VIEW")),
    ("POST", f"{_NAMESPACE}/views", do.create_view),
    ("HEAD", f"{_NAMESPACE}/views/{{view}}", do.exists("VIEW")),
    ("GET", f"{_NAMESPACE}/views/{{view}}", do.load_view),
    ("POST", f"{_NAMESPACE}/views/{{view}}", do.replace_view),
    ("DELETE", f"{_NAMESPACE}/views/{{view}}", do.dropping("VIEW")),
    ("POST", f"{_NAMESPACE}/register-view", do.register_view),
    ("POST", "/v1/{prefix}/views/rename", do.renaming("VIEW")),
)
