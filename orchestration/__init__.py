"""The Python shell around the dbt project: land, build on a branch, gate, publish."""
