"""The Iceberg REST catalog over HTTP: routes, authorization, errors, the server."""
