"""The command line: one file a verb, rendering in `render/`, doing below `cli`."""
