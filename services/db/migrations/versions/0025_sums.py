"""Sums of days and months for figures"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

COUNTS = (
    "due", "contact_required", "contact_in_time", "sign_required", "sign_in_time", "in_time",
    "transfers", "resolved", "answered", "solved", "partial", "rated", "rated_1", "rated_2",
    "rated_3", "rated_4", "rated_5", "reworked", "reworked_3", "audits", "found_false", "rated_any",
    "rating_changed", "withdrawn", "withdrawn_early", "persuaded", "pressured", "explained",
    "satisfied_at_once", "answered_at_once", "last_minute", "first", "first_right", "returned",
    "filed", "group", "proactive", "told", "told_once", "reviewed", "corrected",
)  # fmt: skip
SOME: dict[str, tuple[list[str | sa.TextClause], str]] = {
    "ix_ticket_scores_excluded": ([sa.text("coalesce(due_at, created_at)")], "excluded IS NOT NULL"),
    "ix_ticket_scores_suspended": (["due_at"], "suspended = 1"),
}  # fmt: skip


def _grain() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("span", sa.String(5), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("grain", sa.String(2), nullable=False),
        sa.Column("community_id", sa.String(60)),
        sa.Column("leaf", sa.String(8)),
        sa.Column("org", sa.String(60)),
    ]


def upgrade() -> None:
    for name, (columns, where) in SOME.items():
        given = sa.text(where)
        op.create_index(name, "ticket_scores", columns, sqlite_where=given, postgresql_where=given)
    op.create_table(
        "ticket_sums",
        *_grain(),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_sums")),
    )
    op.create_table(
        "ticket_lateness",
        *_grain(),
        sa.Column("hundredths", sa.Integer()),
        sa.Column("begun_s", sa.BigInteger()),
        sa.Column("limit_s", sa.BigInteger()),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_lateness")),
    )
    for table in ("ticket_sums", "ticket_lateness"):
        op.create_index(f"ix_{table}_span", table, ["span", "since", "grain"])
    op.create_table(
        "ticket_sum_spans",
        sa.Column("span", sa.String(5), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("rules", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("span", "since", name=op.f("pk_ticket_sum_spans")),
    )
    op.create_table(
        "ticket_sum_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_sum_changes")),
    )
    op.create_index("ix_ticket_sum_changes_day", "ticket_sum_changes", ["day"])


def downgrade() -> None:
    for table in ("ticket_sum_changes", "ticket_sum_spans", "ticket_lateness", "ticket_sums"):
        op.drop_table(table)
    for name in SOME:
        op.drop_index(name, "ticket_scores")
