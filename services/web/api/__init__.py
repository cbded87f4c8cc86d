"""JSON APIs, a module per subject."""
