"""三项清单: needs, resources and projects of a community, side by side."""
