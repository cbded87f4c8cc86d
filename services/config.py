"""Configuration: environment variables ``LINDA_*``, or the file named by ``LINDA_CONFIG``.

Secrets have a working default in demo mode only: there they are made once and kept under
``var/secrets`` so that a second start reads the same data.
"""

from __future__ import annotations

import os
import secrets
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Everything that differs between one installation and another. See ``docs/operating.md``."""

    model_config = SettingsConfigDict(
        env_prefix="LINDA_", env_file=os.environ.get("LINDA_CONFIG"), extra="ignore"
    )

    env: Literal["demo", "production"] = Field(
        "demo", description="demo seeds accounts and makes its own secrets"
    )
    test_mode: bool = Field(False, description="opens /api/v1/test; refused in production")
    model: Path = Field(
        ROOT / "models" / "linda.tar.gz", description="the dialogue model that Rasa serves"
    )
    locality: str = Field("qinghe", description="folder under data/localities")
    data_dir: Path = Field(ROOT / "data", description="catalogue, calendar, localities, texts")
    var_dir: Path = Field(ROOT / "var", description="database, uploads, secrets, logs")
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in var_dir")
    redis_url: str = Field("", description="optional; needed only with several web processes")
    host: str = Field("127.0.0.1", description="address the web process listens on")
    port: int = Field(8080, description="port of the web process")
    public_url: str = Field("", description="address residents see; empty: http://host:port")
    rasa_url: str = Field("http://127.0.0.1:5005", description="Rasa server, loopback only")
    actions_url: str = Field("http://127.0.0.1:5055", description="action server, loopback only")
    rasa_timeout_s: float = Field(
        8.0, description="how long the gateway waits for an answer of Rasa"
    )
    model_poll_s: float = Field(
        2.0, gt=0, description="how often Rasa asks whether another model has been released"
    )
    internal_token: str = Field("", description="secret between web, Rasa and actions")
    data_key: str = Field(
        "", description="base64 of 32 bytes: encrypts names, phones and rooms at rest"
    )
    demo_password: str = Field(
        "", description="password of all demo accounts; empty: made at first start"
    )
    trusted_proxy: str = Field(
        "", description="addresses or networks of proxies whose X-Forwarded-For is believed"
    )
    sessions_per_address: int = Field(
        120, ge=1, description="conversations one address may open in ten minutes"
    )
    tickets_per_address: int = Field(
        600, ge=1, description="tickets residents of one address may file in an hour"
    )
    tickets_per_conversation: int = Field(
        30, ge=1, description="tickets one conversation may file in an hour"
    )
    join_neighbours: bool = Field(
        True, description="residents are asked to join what neighbours have reported"
    )
    heard_days: int = Field(
        180, ge=1, description="days after which what residents said is deleted, unless it teaches"
    )
    evaluation_dir: Path = Field(
        ROOT / "tests" / "heldout",
        description="labelled messages (*.jsonl) that models are judged by",
    )
    training_limit_s: int = Field(
        3600, ge=1, description="a training run that takes longer is ended"
    )
    training_runs_kept: int = Field(
        10, ge=1, description="so many runs' files and candidates' archives are kept"
    )
    outbound_networks: str = Field(
        "", description="addresses or networks inside that webhooks and fetched photos may reach"
    )
    duty_webhook: str = Field(
        "", description="address that is told to call the duty leader of life in danger (U0)"
    )
    duty_secret: str = Field(
        "", description="secret (whsec_…) that signs those calls; needed with LINDA_DUTY_WEBHOOK"
    )
    open311_media: bool = Field(False, description="photos named in open requests are fetched")
    wechat_accounts: Path | None = Field(
        None,
        description="YAML file with the official accounts; none: no WeChat, in demo mode a simulated one",
    )
    sla_profile: str = Field("default", description="file under data/sla")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING")

    @field_validator("trusted_proxy", "outbound_networks")
    @classmethod
    def _networks(cls, value: str, info: ValidationInfo) -> str:
        parse_networks(value, f"LINDA_{str(info.field_name).upper()}")
        return value

    @model_validator(mode="after")
    def _signed(self) -> Settings:
        if self.duty_webhook and not self.duty_secret.startswith("whsec_"):
            raise ValueError(
                "设置了 LINDA_DUTY_WEBHOOK，也要设置 LINDA_DUTY_SECRET（whsec_ 开头）。"
            )
        return self

    @model_validator(mode="after")
    def _safe(self) -> Settings:
        if self.env == "production":
            if self.test_mode:
                raise ValueError("LINDA_TEST_MODE=1 不能与 LINDA_ENV=production 同时使用。")
            missing = [n for n in ("internal_token", "data_key") if not getattr(self, n)]
            if missing:
                names = "、".join(f"LINDA_{n.upper()}" for n in missing)
                raise ValueError(f"正式环境必须设置 {names}。")
        return self

    @cached_property
    def database(self) -> str:
        """Async SQLAlchemy URL: ``sqlite+aiosqlite://…`` or ``postgresql+asyncpg://…``."""
        url = self.database_url or f"sqlite:///{self.var_dir / 'linda.db'}"
        for plain, driver in (
            ("postgresql://", "postgresql+asyncpg://"),
            ("postgres://", "postgresql+asyncpg://"),
            ("sqlite:///", "sqlite+aiosqlite:///"),
        ):
            if url.startswith(plain):
                return driver + url.removeprefix(plain)
        return url

    @property
    def wechat_file(self) -> Path | None:
        """The official accounts; in demo mode those of the simulated WeChat, when none are set."""
        if self.wechat_accounts is not None or self.env != "demo":
            return self.wechat_accounts
        demo = self.wechat_demo_file
        return demo if demo.is_file() else None

    @property
    def wechat_demo_file(self) -> Path:
        """Where the account of the simulated WeChat is, which ``linda init`` makes in demo mode."""
        return self.var_dir / "wechat-demo.yml"

    @cached_property
    def trusted_proxies(self) -> list[IPv4Network | IPv6Network]:
        """``trusted_proxy`` as networks."""
        return parse_networks(self.trusted_proxy, "LINDA_TRUSTED_PROXY")

    @cached_property
    def outbound_allowed(self) -> list[IPv4Network | IPv6Network]:
        """``outbound_networks`` as networks."""
        return parse_networks(self.outbound_networks, "LINDA_OUTBOUND_NETWORKS")

    @property
    def locality_dir(self) -> Path:
        """Folder of the files that this county edits."""
        return self.data_dir / "localities" / self.locality

    def secret(self, name: Literal["internal_token", "data_key", "demo_password"]) -> str:
        """Return a secret; in demo mode make it once and keep it under ``var/secrets`` (mode 600)."""
        value = getattr(self, name)
        if value:
            return str(value)
        if self.env == "production":
            raise ValueError(f"正式环境必须设置 LINDA_{name.upper()}。")
        path = self.var_dir / "secrets" / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            # Exclusive creation: of two processes that start together, one makes it, both read it.
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text().strip()
        with os.fdopen(fd, "w") as f:
            f.write(_make_secret(name))
        return path.read_text().strip()


def parse_networks(text: str, setting: str) -> list[IPv4Network | IPv6Network]:
    """Read addresses and networks (``127.0.0.1,10.0.0.0/8``); ValueError says which is none.

    Args:
        setting: Name of the setting, for that sentence.
    """
    found = []
    for part in (p.strip() for p in text.split(",")):
        try:
            found += [ip_network(part)] if part else []
        except ValueError:
            raise ValueError(f"{setting} 里的“{part}”不是地址，也不是网段。") from None
    return found


def _make_secret(name: str) -> str:
    if name == "data_key":
        import base64

        return base64.b64encode(secrets.token_bytes(32)).decode()
    return secrets.token_urlsafe(9 if name == "demo_password" else 32)
