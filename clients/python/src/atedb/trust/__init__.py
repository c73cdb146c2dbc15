"""The rules by which a chain takes an event (docs/trust.md), and what a reader believes. Nothing here has effects."""
