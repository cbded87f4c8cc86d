"""Database access: engine, transactions, column types. Tables live with their subject."""

from services.db.base import Base, JSONColumn, UTCDateTime
from services.db.engine import Database, Session

__all__ = ["Base", "Database", "JSONColumn", "Session", "UTCDateTime"]
