"""Spark as the lake's second engine: its Java, its jar, a session on a branch."""
