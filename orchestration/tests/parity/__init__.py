"""Both engines build the example, day by day; whatever they make must be the same."""
