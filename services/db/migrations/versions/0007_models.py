"""models, training runs, releases"""

import sqlalchemy as sa
from alembic import op

from services.db import UTCDateTime
from services.training.model_tables import OptionalJSON

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "models",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("source", sa.String(10), nullable=False),
        sa.Column("run_id", sa.String(40)),
        sa.Column("data_hash", sa.String(64)),
        sa.Column("taught", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.String(60), nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_models")),
    )
    op.create_index(op.f("ix_models_data_hash"), "models", ["data_hash"])
    op.create_table(
        "model_chunks",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", "number", name=op.f("pk_model_chunks")),
    )
    op.create_table(
        "model_releases",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        sa.Column("after", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("from_sha256", sa.String(64)),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.String(60)),
        sa.Column("staff_name", sa.String(60), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("figures", OptionalJSON),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_releases")),
        sa.UniqueConstraint("after", name=op.f("uq_model_releases_after")),
    )
    op.create_table(
        "model_serving",
        sa.Column("process", sa.String(120), nullable=False),
        sa.Column("model", sa.String(64)),
        sa.Column("wanted", sa.String(64)),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("reported_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("process", name=op.f("pk_model_serving")),
    )
    op.create_table(
        "training_runs",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("active", sa.Integer()),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("progress", sa.Float(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.String(60), nullable=False),
        sa.Column("staff_name", sa.String(60), nullable=False),
        sa.Column("requested_at", UTCDateTime(), nullable=False),
        sa.Column("started_at", UTCDateTime()),
        sa.Column("finished_at", UTCDateTime()),
        sa.Column("worker", sa.String(80)),
        sa.Column("lease_until", UTCDateTime()),
        sa.Column("cancelled_by", sa.String(60)),
        sa.Column("data_hash", sa.String(64)),
        sa.Column("taught", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(64)),
        sa.Column("base", sa.String(64)),
        sa.Column("summary", OptionalJSON),
        sa.Column("error", sa.Text()),
        sa.Column("log", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_runs")),
        sa.UniqueConstraint("active", name=op.f("uq_training_runs_active")),
    )
    op.create_index(op.f("ix_training_runs_requested_at"), "training_runs", ["requested_at"])
    op.create_table(
        "model_evaluations",
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("basis", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("report", OptionalJSON),
        sa.PrimaryKeyConstraint("model", "basis", name=op.f("pk_model_evaluations")),
    )


def downgrade() -> None:
    for table in (
        "model_evaluations", "training_runs", "model_serving", "model_releases",
        "model_chunks", "models",
    ):
        op.drop_table(table)
