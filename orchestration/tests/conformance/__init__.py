"""The suites that dbt has for adapters, on Firn's lake and both engines."""
