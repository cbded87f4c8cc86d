"""staff, logins, residents, consents; communities, grids, compounds, buildings"""

import sqlalchemy as sa
from alembic import op

from services.db import JSONColumn, UTCDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staff",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("org_id", sa.String(40), nullable=False),
        sa.Column("community_id", sa.String(40)),
        sa.Column("phone_enc", sa.Text()),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
    )
    op.create_table(
        "staff_grid",
        sa.Column("staff_id", sa.String(40), nullable=False),
        sa.Column("grid_id", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("staff_id", "grid_id", name=op.f("pk_staff_grid")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_grid_staff_id_staff"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(op.f("ix_staff_grid_grid_id"), "staff_grid", ["grid_id"])
    op.create_table(
        "staff_login",
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("staff_id", sa.String(40), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("last_seen", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("secret_hash", name=op.f("pk_staff_login")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_login_staff_id_staff"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(op.f("ix_staff_login_staff_id"), "staff_login", ["staff_id"])
    op.create_index(op.f("ix_staff_login_expires_at"), "staff_login", ["expires_at"])
    op.create_table(
        "login_failure",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        sa.Column("username", sa.String(60), nullable=False),
        sa.Column("address", sa.String(60), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_failure")),
    )
    op.create_index("ix_login_failure_username_at", "login_failure", ["username", "at"])
    op.create_index("ix_login_failure_address_at", "login_failure", ["address", "at"])
    op.create_table(
        "resident",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("name_enc", sa.Text()),
        sa.Column("phone_enc", sa.Text()),
        sa.Column("phone_hash", sa.String(64)),
        sa.Column("home", JSONColumn),
        sa.Column("room_enc", sa.Text()),
        sa.Column("contact_pref", sa.String(40)),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resident")),
    )
    op.create_index(op.f("ix_resident_phone_hash"), "resident", ["phone_hash"])
    op.create_table(
        "consent",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        sa.Column("resident_id", sa.String(40), nullable=False),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("version", sa.String(20), nullable=False),
        sa.Column("given_at", UTCDateTime(), nullable=False),
        sa.Column("withdrawn_at", UTCDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
        sa.ForeignKeyConstraint(
            ["resident_id"], ["resident.id"], name=op.f("fk_consent_resident_id_resident"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(op.f("ix_consent_resident_id"), "consent", ["resident_id"])
    op.create_table(
        "community",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("aliases", JSONColumn, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_community")),
    )
    op.create_table(
        "grid",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("community_id", sa.String(40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid")),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_grid_community_id_community")
        ),
    )
    op.create_index(op.f("ix_grid_community_id"), "grid", ["community_id"])
    op.create_table(
        "compound",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("community_id", sa.String(40), nullable=False),
        sa.Column("aliases", JSONColumn, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compound")),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name=op.f("fk_compound_community_id_community")
        ),
    )
    op.create_index(op.f("ix_compound_community_id"), "compound", ["community_id"])
    op.create_table(
        "building",
        sa.Column("id", sa.String(60), nullable=False),
        sa.Column("compound_id", sa.String(40), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("grid_id", sa.String(40), nullable=False),
        sa.Column("aliases", JSONColumn, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_building")),
        sa.ForeignKeyConstraint(
            ["compound_id"], ["compound.id"], name=op.f("fk_building_compound_id_compound")
        ),
        sa.ForeignKeyConstraint(
            ["grid_id"], ["grid.id"], name=op.f("fk_building_grid_id_grid")
        ),
        sa.UniqueConstraint(
            "compound_id", "number", name=op.f("uq_building_compound_id_number")
        ),
    )
    op.create_index(op.f("ix_building_compound_id"), "building", ["compound_id"])
    op.create_index(op.f("ix_building_grid_id"), "building", ["grid_id"])


def downgrade() -> None:
    for table in (
        "building", "compound", "grid", "community",
        "consent", "resident", "login_failure", "staff_login", "staff_grid", "staff",
    ):
        op.drop_table(table)
