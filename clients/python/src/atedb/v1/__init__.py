"""Generated from the schema: scripts/generate_stubs.py."""
