"""Land files in the lake's raw tables, exactly once."""
