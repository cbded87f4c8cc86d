"""What an evaluation counts, and how it is shown. Pure: no model, no server."""
