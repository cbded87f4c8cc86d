"""What must happen after a commit: written in the same transaction, done by the worker."""

from services.outbox.queue import Work, adding, enqueue
from services.outbox.tables import OutboxRow

__all__ = ["OutboxRow", "Work", "adding", "enqueue"]
