"""Exchange with higher platforms; sheets that were issued"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.db import UTCDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "exchange_orders",
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("ref", sa.String(60), nullable=False),
        sa.Column("ticket_no", sa.String(24), nullable=False),
        sa.Column("batch", sa.String(40), nullable=False),
        sa.Column("due_there", UTCDateTime()),
        sa.Column("sent_version", sa.Integer(), nullable=False),
        sa.Column("sent_digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("source", "ref", name=op.f("pk_exchange_orders")),
        sa.UniqueConstraint("ticket_no", name=op.f("uq_exchange_orders_ticket_no")),
    )
    op.create_index("ix_exchange_orders_ref", "exchange_orders", ["ref"])
    op.create_table(
        "exchange_batches",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("file_name", sa.String(120), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("by", sa.String(60), nullable=False),
        sa.Column("confirmed_by", sa.String(60)),
        sa.Column("confirmed_at", UTCDateTime()),
        sa.Column("done_at", UTCDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_batches")),
    )
    op.create_table(
        "exchange_lines",
        sa.Column("batch", sa.String(40), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ref", sa.String(60), nullable=False),
        sa.Column("verdict", sa.String(10), nullable=False),
        sa.Column("notes", JSON, nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("request_enc", sa.Text()),
        sa.Column("due_there", UTCDateTime()),
        sa.Column("ticket_no", sa.String(24)),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("batch", "line", name=op.f("pk_exchange_lines")),
    )
    op.create_index("ix_exchange_lines_open", "exchange_lines", ["batch", "open", "line"])
    op.create_table(
        "exchange_exports",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("by", sa.String(60), nullable=False),
        sa.Column("decided_by", sa.String(60)),
        sa.Column("decided_at", UTCDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_exports")),
    )
    op.create_table(
        "exchange_sent",
        sa.Column("export", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ref", sa.String(60), nullable=False),
        sa.Column("ticket_no", sa.String(24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("export", "at", name=op.f("pk_exchange_sent")),
    )
    op.create_table(
        "exchange_log",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("by", sa.String(60), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_log")),
    )
    op.create_table(
        "paper_sheets",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("ticket_no", sa.String(24), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("fields_enc", sa.Text(), nullable=False),
        sa.Column("form", sa.String(40), nullable=False),
        sa.Column("issued_by", sa.String(60), nullable=False),
        sa.Column("issued_name", sa.String(60), nullable=False),
        sa.Column("issued_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_sheets")),
        sa.UniqueConstraint("ticket_no", "kind", "no", name=op.f("uq_paper_sheets_ticket_no_kind_no")),
        sa.UniqueConstraint(
            "ticket_no", "kind", "form", name=op.f("uq_paper_sheets_ticket_no_kind_form")
        ),
    )


def downgrade() -> None:
    for table in ("paper_sheets", "exchange_log", "exchange_sent", "exchange_exports"):
        op.drop_table(table)
    op.drop_index("ix_exchange_lines_open", "exchange_lines")
    op.drop_table("exchange_lines")
    op.drop_table("exchange_batches")
    op.drop_index("ix_exchange_orders_ref", "exchange_orders")
    op.drop_table("exchange_orders")
