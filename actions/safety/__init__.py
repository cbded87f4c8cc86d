"""Danger first, and a person at every turn."""
