"""A JVM that outlives builds: `firn spark up` starts it, each build takes a session."""
