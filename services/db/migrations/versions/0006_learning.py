"""what residents said and what was understood, annotations"""

import sqlalchemy as sa
from alembic import op

from services.db import JSONColumn, UTCDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "heard",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("message_id", sa.String(40), nullable=False),
        sa.Column("conversation_id", sa.String(40), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("locality", sa.String(40), nullable=False),
        sa.Column("mode", sa.String(8), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("intent", sa.String(40)),
        sa.Column("confidence", sa.Float()),
        sa.Column("leaf", sa.String(8)),
        sa.Column("leaf_confidence", sa.Float()),
        sa.Column("uncertainty", sa.Float(), nullable=False),
        sa.Column("readings", JSONColumn, nullable=False),
        sa.Column("entities", JSONColumn, nullable=False),
        sa.Column("actions", JSONColumn, nullable=False),
        sa.Column("model", sa.String(64)),
        sa.Column("group_id", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heard")),
        sa.UniqueConstraint("message_id", name=op.f("uq_heard_message_id")),
    )
    op.create_index(op.f("ix_heard_at"), "heard", ["at"])
    op.create_index(op.f("ix_heard_key"), "heard", ["key"])
    op.create_index(op.f("ix_heard_group_id"), "heard", ["group_id"])
    op.create_index("ix_heard_conversation_id_at", "heard", ["conversation_id", "at"])
    op.create_table(
        "heard_outcomes",
        sa.Column("heard_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("heard_id", "outcome", name=op.f("pk_heard_outcomes")),
    )
    op.create_table(
        "heard_groups",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("intent", sa.String(40)),
        sa.Column("leaf", sa.String(8)),
        sa.Column("certain", sa.Boolean(), nullable=False),
        sa.Column("heard", sa.Integer(), nullable=False),
        sa.Column("residents", sa.Integer(), nullable=False),
        sa.Column("uncertainty", sa.Float(), nullable=False),
        sa.Column("suspicious", sa.Boolean(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("first_at", UTCDateTime(), nullable=False),
        sa.Column("last_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heard_groups")),
    )
    op.create_index(
        "ix_heard_groups_inbox", "heard_groups", ["state", "suspicious", "score", "id"]
    )
    op.create_table(
        "heard_bands",
        sa.Column("band", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("value", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("group_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("band", "value", "group_id", name=op.f("pk_heard_bands")),
    )
    op.create_index(op.f("ix_heard_bands_group_id"), "heard_bands", ["group_id"])
    op.create_table(
        "annotations",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("intent", sa.String(40)),
        sa.Column("leaf", sa.String(8)),
        sa.Column("entities", JSONColumn, nullable=False),
        sa.Column("said_intent", sa.String(40)),
        sa.Column("said_leaf", sa.String(8)),
        sa.Column("staff_id", sa.String(60), nullable=False),
        sa.Column("staff_name", sa.String(60), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annotations")),
        sa.UniqueConstraint("group_id", "version", name=op.f("uq_annotations_group_id_version")),
    )
    op.create_index(op.f("ix_annotations_group_id"), "annotations", ["group_id"])


def downgrade() -> None:
    for table in ("annotations", "heard_bands", "heard_groups", "heard_outcomes", "heard"):
        op.drop_table(table)
