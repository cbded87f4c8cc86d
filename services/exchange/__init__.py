"""Orders of a higher platform: imported from its tables, and what came of them exported to it."""
