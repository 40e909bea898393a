"""dbt on a branch: run it, read its artifacts, judge the gates, publish."""
