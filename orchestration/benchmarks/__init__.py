"""Each claim of speed is a command: `python -m orchestration.benchmarks.<name>`."""
