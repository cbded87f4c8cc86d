"""未诉先办: what comes up in one place before it is a flood, and what each season brings."""
