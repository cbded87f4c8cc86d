"""The official accounts of an installation and their secrets (``LINDA_WECHAT_ACCOUNTS``).

A file, not environment variables: there may be several accounts, and secrets do not belong into a
list of processes. Everything is checked at start, with a sentence that says what to correct.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from services.channels.wechat.crypto import Envelope, read_key
from services.yaml_files import read_yaml

log = logging.getLogger(__name__)

API_BASE = "https://api.weixin.qq.com"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
"""Of an account; it is part of the address that WeChat calls."""

_SENTENCES = {
    "missing": "缺少这一项",
    "extra_forbidden": "没有这一项，是不是写错了",
    "string_type": "应当是文字，数字请加引号",
    "literal_error": "只能是 plain（明文）、compatible（兼容）或 safe（安全）",
}


class AccountsError(ValueError):
    """The file cannot be used; the message says in Chinese what to correct, without any secret."""


class Account(BaseModel):
    """One official account.

    ``mode`` is the “消息加解密方式” set at WeChat; ``original_id`` (``gh_…``) stands in each message as
    its addressee. ``elder_default``: conversations begin in elder mode.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: str
    app_id: str
    app_secret: SecretStr
    token: SecretStr
    aes_key: SecretStr | None = None
    mode: Literal["plain", "compatible", "safe"]
    original_id: str
    api_base: str = API_BASE
    elder_default: bool = Field(False, strict=True)

    @field_validator("app_id")
    @classmethod
    def _app_id(cls, value: str) -> str:
        if not re.fullmatch(r"wx[0-9A-Za-z]{6,38}", value):
            raise ValueError("AppID 以 wx 开头，在“设置与开发→基本配置”里抄")
        return value

    @field_validator("app_secret")
    @classmethod
    def _secret(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[\x21-\x7e]+", value.get_secret_value()):
            raise ValueError("AppSecret 是空的，或者夹了别的字")
        return value

    @field_validator("token")
    @classmethod
    def _token(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[0-9A-Za-z]{3,32}", value.get_secret_value()):
            raise ValueError("Token 是 3–32 个英文字母或数字")
        return value

    @field_validator("aes_key")
    @classmethod
    def _aes_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            try:
                read_key(value.get_secret_value())
            except ValueError:
                raise ValueError("EncodingAESKey 是 43 个英文字母或数字") from None
        return value

    @field_validator("original_id")
    @classmethod
    def _original_id(cls, value: str) -> str:
        if not re.fullmatch(r"gh_[0-9A-Za-z]{4,30}", value):
            raise ValueError("原始ID 以 gh_ 开头，在“账号详情”里抄")
        return value

    @field_validator("api_base")
    @classmethod
    def _api_base(cls, value: str) -> str:
        parts = urlsplit(value)
        whole = parts.hostname and not parts.username and parts.path in ("", "/")
        safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))
        if not whole or not safe or parts.query:
            raise ValueError(f"应当是 https:// 加主机名，如 {API_BASE}")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _key_where_needed(self) -> Self:
        if self.mode != "plain" and self.aes_key is None:
            raise ValueError("兼容模式和安全模式要有 aes_key（EncodingAESKey）")
        return self

    @cached_property
    def envelope(self) -> Envelope | None:
        """Its key at work; None without one."""
        if self.aes_key is None:
            return None
        return Envelope(read_key(self.aes_key.get_secret_value()), self.app_id)


Accounts = Mapping[str, Account]


def load(path: Path | None) -> Accounts:
    """Read the file; no path, no accounts.

    Raises:
        AccountsError: It is not there, not readable or not right.
    """
    if path is None:
        return {}
    try:
        raw = read_yaml(path.read_text("utf-8"))
        open_to_others = path.stat().st_mode & 0o077
    except FileNotFoundError:
        raise AccountsError(f"找不到公众号配置 {path}（LINDA_WECHAT_ACCOUNTS）。") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        # The parser's own words quote the line, which may hold a secret.
        mark = getattr(error, "problem_mark", None)
        where = f"，第 {mark.line + 1} 行附近" if mark else ""
        raise AccountsError(f"读不了公众号配置 {path}{where}。") from None
    if open_to_others:
        log.warning("公众号配置 %s 别的用户也能读，里面有密钥，请改成 chmod 600", path)
    if not isinstance(raw, dict) or not raw:
        raise AccountsError(f"{path} 里一个公众号都没有，写法见 docs/operating.md。")
    accounts = {str(name): _account(path, str(name), values) for name, values in raw.items()}
    for what in ("app_id", "original_id"):
        if len({getattr(a, what) for a in accounts.values()}) < len(accounts):
            raise AccountsError(f"{path}：有两个公众号的 {what} 一样，一个公众号只写一次。")
    return accounts


def _account(path: Path, name: str, values: Any) -> Account:
    if not NAME.fullmatch(name):
        raise AccountsError(f"{path}：公众号的名字“{name}”只能用小写字母、数字、- 和 _。")
    if not isinstance(values, dict):
        raise AccountsError(f"{path}：{name} 下面要写各项配置。")
    try:
        return Account.model_validate({**values, "name": name})
    except ValidationError as error:
        lines = [
            f"{name}.{'.'.join(map(str, e['loc'])) or 'mode'}：{_sentence(e)}"
            for e in error.errors(include_url=False, include_input=False)
        ]
        raise AccountsError(f"{path}：{'；'.join(lines)}。") from None


def _sentence(error: Any) -> str:
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    return _SENTENCES.get(error["type"], "填得不对")


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False
