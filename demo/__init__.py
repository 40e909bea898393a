"""The example business: a source system that drops its daily exports as files."""
