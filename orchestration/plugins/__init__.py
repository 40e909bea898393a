"""Pages of ours in Airflow's UI."""
