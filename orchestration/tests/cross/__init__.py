"""One engine writes a table of Iceberg, all others read the same rows."""
