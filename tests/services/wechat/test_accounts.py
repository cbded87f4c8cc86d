"""The file of accounts: what is wrong with it is said in Chinese, and no secret with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from services.channels.wechat.accounts import API_BASE, AccountsError, load
from services.config import Settings
from services.context import build

GOOD: dict[str, Any] = {
    "app_id": "wx0123456789abcdef",
    "app_secret": "0123456789abcdef0123456789abcdef",
    "token": "Token123",
    "aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    "mode": "safe",
    "original_id": "gh_0123456789ab",
}
SECRETS = (GOOD["app_secret"], GOOD["token"], GOOD["aes_key"])


def written(path: Path, content: Any) -> Path:
    file = path / "wechat.yml"
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    file.chmod(0o600)
    return file


def test_no_file_no_channel(tmp_path: Path) -> None:
    assert load(None) == {}


def test_what_is_right_is_read(tmp_path: Path) -> None:
    account = load(written(tmp_path, {"town": GOOD}))["town"]
    assert account.api_base == API_BASE and not account.elder_default
    assert account.envelope is not None
    shown = f"{account!r} {account}"
    assert not any(secret in shown for secret in SECRETS)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"app_id": "gh_1"}, "AppID"),
        ({"app_secret": ""}, "AppSecret"),
        ({"token": "ab"}, "Token"),
        ({"token": "有字"}, "Token"),
        ({"aes_key": GOOD["aes_key"][:-1]}, "EncodingAESKey"),
        ({"aes_key": None}, "aes_key"),
        ({"mode": "secret"}, "safe（安全）"),
        ({"original_id": "wx1"}, "原始ID"),
        ({"api_base": "http://api.weixin.qq.com"}, "https://"),
        ({"api_base": "https://api.weixin.qq.com/x"}, "https://"),
        ({"api_base": "https://u:p@api.weixin.qq.com"}, "https://"),
        ({"api_base": "file:///etc"}, "https://"),
        ({"elder_default": "yes please"}, "elder_default"),
        ({"appid": "wx1"}, "没有这一项"),
        ({"app_secret": 12345678}, "文字"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises(AccountsError) as error:
        load(written(tmp_path, {"town": {**GOOD, **change}}))
    assert words in str(error.value) and "town" in str(error.value)
    assert not any(secret in str(error.value) for secret in SECRETS)


@pytest.mark.parametrize("name", list(GOOD))
def test_what_is_missing_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(AccountsError, match=name):
        load(written(tmp_path, {"town": {k: v for k, v in GOOD.items() if k != name}}))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "一个公众号都没有"),
        ("- a", "一个公众号都没有"),
        ("town: [x", "第"),
        ("town: x", "town"),
        ({"Town 1": GOOD}, "小写字母"),
        ({"a": GOOD, "b": {**GOOD, "original_id": "gh_another"}}, "app_id"),
        ({"a": GOOD, "b": {**GOOD, "app_id": "wxffffffffffffffff"}}, "original_id"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, content: Any, words: str) -> None:
    with pytest.raises(AccountsError, match=words):
        load(written(tmp_path, content))


def test_a_broken_line_does_not_show_its_secret(tmp_path: Path) -> None:
    with pytest.raises(AccountsError) as error:
        load(written(tmp_path, f"town:\n  app_secret: {GOOD['app_secret']}: x\n"))
    assert GOOD["app_secret"] not in str(error.value) and error.value.__cause__ is None


def test_a_process_does_not_start_with_a_wrong_file(settings: Settings, tmp_path: Path) -> None:
    path = written(tmp_path, {"town": {**GOOD, "mode": "x"}})
    with pytest.raises(AccountsError):
        build(settings.model_copy(update={"wechat_accounts": path}))


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(AccountsError, match="找不到"):
        load(tmp_path / "none.yml")


def test_a_plain_account_needs_no_key(tmp_path: Path) -> None:
    plain = {k: v for k, v in GOOD.items() if k != "aes_key"} | {"mode": "plain"}
    assert load(written(tmp_path, {"town": plain}))["town"].envelope is None


def test_a_file_that_others_can_read_is_complained_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path, {"town": GOOD})
    path.chmod(0o644)
    load(path)
    assert "chmod 600" in caplog.text
