"""A real Airflow for this project on this machine: started, asked and ended from here.

Nothing here imports Airflow: it is a process beside, with settings of ours.
"""
