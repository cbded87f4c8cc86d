"""Ticket workflow: pure core, store, and the one door for writes."""
