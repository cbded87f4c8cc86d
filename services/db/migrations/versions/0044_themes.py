"""每月一题: themes, what is done for them, and their history"""

import sqlalchemy as sa
from alembic import op

from services.db import JSONColumn, UTCDateTime

revision = "0044"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "themes",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("community_id", sa.String(40)),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("leaves", JSONColumn, nullable=False),
        sa.Column("lead", sa.String(60), nullable=False),
        sa.Column("assists", JSONColumn, nullable=False),
        sa.Column("goal", sa.Text(), nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.String(40)),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("review", sa.Text(), nullable=False),
        sa.Column("kept", sa.Boolean()),
        sa.Column("closed_at", UTCDateTime()),
        sa.Column("review_due", sa.Date()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(40), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_themes")),
    )
    op.create_index("ix_themes_year", "themes", ["year", "month"])
    op.create_table(
        "theme_measures",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("theme_id", sa.String(40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("org", sa.String(60), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("done_at", UTCDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_theme_measures")),
        sa.ForeignKeyConstraint(
            ["theme_id"], ["themes.id"], name=op.f("fk_theme_measures_theme_id_themes")
        ),
    )
    op.create_index(op.f("ix_theme_measures_theme_id"), "theme_measures", ["theme_id"])
    op.create_table(
        "theme_changes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("theme_id", sa.String(40), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("what", sa.String(20), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("figures", JSONColumn, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_theme_changes")),
        sa.ForeignKeyConstraint(
            ["theme_id"], ["themes.id"], name=op.f("fk_theme_changes_theme_id_themes")
        ),
    )
    op.create_index(op.f("ix_theme_changes_theme_id"), "theme_changes", ["theme_id"])


def downgrade() -> None:
    op.drop_table("theme_changes")
    op.drop_table("theme_measures")
    op.drop_table("themes")
