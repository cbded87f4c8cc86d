"""What counts of each ticket, and assignments that the directory's guard refused"""

import sqlalchemy as sa
from alembic import op

from services.db import UTCDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_ticket_scores_due": ["due_at"],
    "ix_ticket_scores_created": ["created_at"],
    "ix_ticket_scores_org": ["org", "due_at"],
    "ix_ticket_scores_community": ["community_id", "due_at"],
    "ix_ticket_scores_certificate": ["certificate", "household", "created_at"],
}


def upgrade() -> None:
    op.create_table(
        "ticket_scores",
        sa.Column("ticket_no", sa.String(24), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("community_id", sa.String(60)),
        sa.Column("leaf", sa.String(8)),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("household", sa.String(40)),
        sa.Column("certificate", sa.String(100)),
        sa.Column("proactive", sa.Integer(), nullable=False),
        sa.Column("group_demand", sa.Integer(), nullable=False),
        sa.Column("due_at", UTCDateTime()),
        sa.Column("due_day", sa.Date()),
        sa.Column("dispatched", sa.Integer(), nullable=False),
        sa.Column("first_org", sa.String(60)),
        sa.Column("org", sa.String(60)),
        sa.Column("excluded", sa.String(20)),
        sa.Column("suspended", sa.Integer(), nullable=False),
        sa.Column("sign_required", sa.Integer(), nullable=False),
        sa.Column("sign_in_time", sa.Integer(), nullable=False),
        sa.Column("contact_required", sa.Integer(), nullable=False),
        sa.Column("contacted", sa.Integer(), nullable=False),
        sa.Column("contact_in_time", sa.Integer(), nullable=False),
        sa.Column("begun_s", sa.BigInteger(), nullable=False),
        sa.Column("limit_s", sa.BigInteger()),
        sa.Column("took_s", sa.BigInteger()),
        sa.Column("in_time", sa.Integer(), nullable=False),
        sa.Column("objections", sa.Integer(), nullable=False),
        sa.Column("upheld", sa.Integer(), nullable=False),
        sa.Column("transfers", sa.Integer(), nullable=False),
        sa.Column("resolved", sa.Integer(), nullable=False),
        sa.Column("resolved_s", sa.BigInteger()),
        sa.Column("left_s", sa.BigInteger()),
        sa.Column("outcome", sa.String(20)),
        sa.Column("evidence", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(10)),
        sa.Column("answered_after_s", sa.BigInteger()),
        sa.Column("score", sa.Integer()),
        sa.Column("rated_after_s", sa.BigInteger()),
        sa.Column("rating_changes", sa.Integer(), nullable=False),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("audits", sa.Integer(), nullable=False),
        sa.Column("found_false", sa.Integer(), nullable=False),
        sa.Column("pressured", sa.Integer(), nullable=False),
        sa.Column("withdrawn", sa.Integer(), nullable=False),
        sa.Column("withdrawn_early", sa.Integer(), nullable=False),
        sa.Column("persuaded", sa.Integer(), nullable=False),
        sa.Column("info_rounds", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("reviewed", sa.Integer(), nullable=False),
        sa.Column("corrected", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_no", name=op.f("pk_ticket_scores")),
    )
    for name, columns in INDEXES.items():
        op.create_index(name, "ticket_scores", columns)
    op.create_table(
        "blocked_assignments",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("ticket_no", sa.String(24), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("staff_id", sa.String(60), nullable=False),
        sa.Column("action", sa.String(30), nullable=False),
        sa.Column("org", sa.String(60), nullable=False),
        sa.Column("duty", sa.String(10), nullable=False),
        sa.Column("leaf", sa.String(8)),
        sa.Column("community_id", sa.String(60)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blocked_assignments")),
    )
    op.create_index("ix_blocked_assignments_at", "blocked_assignments", ["at"])


def downgrade() -> None:
    op.drop_index("ix_blocked_assignments_at", "blocked_assignments")
    op.drop_table("blocked_assignments")
    for name in INDEXES:
        op.drop_index(name, "ticket_scores")
    op.drop_table("ticket_scores")
