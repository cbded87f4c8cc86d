"""Database access: engine, transactions, column types. Tables live with their subject."""

from services.db.base import ZONE, Base, JSONColumn, UTCDateTime
from services.db.engine import (
    Database,
    DatabaseAway,
    Session,
    Write,
    disk_full,
    execute_all,
    insert_or,
)

__all__ = [
    "ZONE",
    "Base",
    "Database",
    "DatabaseAway",
    "JSONColumn",
    "Session",
    "UTCDateTime",
    "Write",
    "disk_full",
    "execute_all",
    "insert_or",
]
