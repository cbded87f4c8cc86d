"""Audit entries and their chain, tombstones, requests about own data, emergency looks"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.db import UTCDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("who", sa.String(60), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("action", sa.String(30), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_index("ix_audit_entries_at", "audit_entries", ["at"])
    op.create_index("ix_audit_entries_subject", "audit_entries", ["subject", "at"])
    op.create_table(
        "audit_seals",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("row_id", sa.Integer(), nullable=False),
        sa.Column("sealed_at", UTCDateTime(), nullable=False),
        sa.Column("kept", sa.String(64), nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("salt", sa.String(32)),
        sa.Column("erased_by", sa.Integer()),
        sa.Column("before", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_audit_seals")),
        sa.UniqueConstraint("source", "row_id", name=op.f("uq_audit_seals_source_row_id")),
    )
    op.create_index("ix_audit_seals_sealed_at", "audit_seals", ["sealed_at"])
    op.create_table(
        "audit_heads",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("events_upto", sa.Integer(), nullable=False),
        sa.Column("entries_upto", sa.Integer(), nullable=False),
        sa.Column("mac", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_heads")),
    )
    op.create_table(
        "audit_anchors",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("mac", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_audit_anchors")),
    )
    op.create_table(
        "tombstones",
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("ref", sa.String(60), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "ref", name=op.f("pk_tombstones")),
    )
    op.create_table(
        "dsar_requests",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("channel", sa.String(10), nullable=False),
        sa.Column("phone_enc", sa.Text()),
        sa.Column("phone_hash", sa.String(64)),
        sa.Column("resident_id", sa.String(40)),
        sa.Column("proof", sa.String(20), nullable=False),
        sa.Column("wish_enc", sa.Text()),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("filed_at", UTCDateTime(), nullable=False),
        sa.Column("filed_by", sa.String(60), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("decided_at", UTCDateTime()),
        sa.Column("decided_by", sa.String(60)),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("done_at", UTCDateTime()),
        sa.Column("result", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dsar_requests")),
    )
    op.create_index("ix_dsar_requests_phone_hash", "dsar_requests", ["phone_hash"])
    op.create_index("ix_dsar_requests_state", "dsar_requests", ["state"])
    op.create_table(
        "glass_openings",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("ticket_no", sa.String(24), nullable=False),
        sa.Column("asked_by", sa.String(60), nullable=False),
        sa.Column("asked_at", UTCDateTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.String(60)),
        sa.Column("approved_at", UTCDateTime()),
        sa.Column("until", UTCDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_glass_openings")),
    )
    op.create_index("ix_glass_openings_ticket_no", "glass_openings", ["ticket_no"])


def downgrade() -> None:
    for table in (
        "glass_openings", "dsar_requests", "tombstones", "audit_anchors", "audit_heads",
        "audit_seals", "audit_entries",
    ):  # fmt: skip
        op.drop_table(table)
