"""The pure part: no web, no database (checked by import rules)."""
