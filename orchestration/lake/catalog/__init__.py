"""What the Iceberg REST specification asks of a catalog, for one branch at a time."""
