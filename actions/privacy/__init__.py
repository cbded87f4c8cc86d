"""A resident's own data: shown, corrected, deleted, copied."""
