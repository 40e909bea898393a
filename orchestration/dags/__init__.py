"""One DAG a file; what they do is plain Python elsewhere."""
