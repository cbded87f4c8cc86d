"""Webhooks: what happens to tickets, told to other systems, signed, until they have taken it."""
