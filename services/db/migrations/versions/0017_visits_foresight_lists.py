"""Monthly visits, decisions about clusters, seasonal checks, the three lists"""

import sqlalchemy as sa
from alembic import op

from services.db import JSONColumn, UTCDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "care_targets",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("community_id", sa.String(40), nullable=False),
        sa.Column("grid_id", sa.String(40), nullable=False),
        sa.Column("building_id", sa.String(60), nullable=False),
        sa.Column("place", sa.String(120), nullable=False),
        sa.Column("kinds", JSONColumn, nullable=False),
        sa.Column("risk", sa.String(10), nullable=False),
        sa.Column("name_enc", sa.Text(), nullable=False),
        sa.Column("door_enc", sa.Text()),
        sa.Column("phone_enc", sa.Text()),
        sa.Column("family_enc", sa.Text()),
        sa.Column("joined_on", sa.Date(), nullable=False),
        sa.Column("left_on", sa.Date()),
        sa.Column("left_why", sa.String(100)),
        sa.Column("added_by", sa.String(40), nullable=False),
        sa.Column("added_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_targets")),
    )
    op.create_index("ix_care_targets_grid", "care_targets", ["grid_id"])
    op.create_index("ix_care_targets_community", "care_targets", ["community_id"])
    op.create_table(
        "care_visits",
        sa.Column("id", sa.String(40), nullable=False),
        _target(),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("way", sa.String(20), nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(20)),
        sa.Column("note_enc", sa.Text()),
        sa.Column("ticket_no", sa.String(24)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_visits")),
    )
    op.create_index("ix_care_visits_target", "care_visits", ["target_id", "at"])
    op.create_table(
        "care_alerts",
        sa.Column("id", sa.String(40), nullable=False),
        _target(),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_alerts")),
    )
    op.create_index("ix_care_alerts_target_id", "care_alerts", ["target_id"])
    op.create_table(
        "care_absences",
        sa.Column("id", sa.String(40), nullable=False),
        _target(),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("until", sa.Date()),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_absences")),
    )
    op.create_index("ix_care_absences_target_id", "care_absences", ["target_id"])
    op.create_table(
        "care_reminders",
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("community_id", sa.String(40), nullable=False),
        sa.Column("grid_id", sa.String(40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("seen_by", sa.String(40)),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_care_reminders")),
    )
    op.create_index("ix_care_reminders_grid", "care_reminders", ["grid_id", "seen_by"])
    op.create_table(
        "cluster_decisions",
        sa.Column("key", sa.String(160), nullable=False),
        sa.Column("decision", sa.String(10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ticket_no", sa.String(24)),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_cluster_decisions")),
    )
    op.create_table(
        "season_checks",
        sa.Column("plan_id", sa.String(40), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("check_id", sa.String(40), nullable=False),
        sa.Column("grid_id", sa.String(40), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint(
            "plan_id", "starts", "check_id", "grid_id", name=op.f("pk_season_checks")
        ),
    )
    op.create_table(
        "list_items",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("list", sa.String(10), nullable=False),
        sa.Column("community_id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("title", sa.String(100), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(60), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("ticket_no", sa.String(24)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(40), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_items")),
    )
    op.create_index("ix_list_items_community", "list_items", ["community_id", "list", "state"])
    op.create_table(
        "list_links",
        sa.Column("project_id", sa.String(40), nullable=False),
        sa.Column("item_id", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["list_items.id"], name=op.f("fk_list_links_project_id_list_items")
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["list_items.id"], name=op.f("fk_list_links_item_id_list_items")
        ),
        sa.PrimaryKeyConstraint("project_id", "item_id", name=op.f("pk_list_links")),
    )
    op.create_table(
        "list_changes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("item_id", sa.String(40), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("from_state", sa.String(12), nullable=False),
        sa.Column("to_state", sa.String(12), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["list_items.id"], name=op.f("fk_list_changes_item_id_list_items")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_changes")),
    )
    op.create_index("ix_list_changes_item_id", "list_changes", ["item_id"])


def _target() -> sa.Column[str]:
    return sa.Column("target_id", sa.String(40), sa.ForeignKey("care_targets.id"), nullable=False)


def downgrade() -> None:
    for table in (
        "list_changes", "list_links", "list_items", "season_checks", "cluster_decisions",
        "care_reminders", "care_absences", "care_alerts", "care_visits", "care_targets",
    ):  # fmt: skip
        op.drop_table(table)
