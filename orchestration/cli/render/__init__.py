"""Values as text for people. Nothing here does anything."""
