"""dbt-spark on the lake: what it lacks of what dbt-duckdb has."""
