"""Keeping a copy of the installation, and bringing it back: database and uploads in one file.

The copy is the rows themselves, not a database's own format: it is taken while everything runs, and
what was SQLite may come back as PostgreSQL. Keys and settings are not in it.
"""
