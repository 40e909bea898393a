"""Airflow's operators over `ingestion`, `build` and `lake`."""
