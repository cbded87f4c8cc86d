"""Encryption, masking, passwords: the parts without a database."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from services.config import Settings
from services.errors import LindaError
from services.people.crypto import Vault, VaultError
from services.people.masking import mask_all, mask_name, mask_phone, mask_room, mask_text
from services.people.model import Resident
from services.people.passwords import hash_password, password_fits
from services.people.public_numbers import public_numbers
from services.yaml_files import read_yaml

OLD, NEW = b"o" * 32, b"n" * 32


def test_what_is_encrypted_comes_back_and_never_looks_the_same_twice() -> None:
    vault = Vault([NEW])
    first, second = vault.encrypt("13812345678"), vault.encrypt("13812345678")
    assert first != second
    assert "13812345678" not in first
    assert vault.decrypt(first) == vault.decrypt(second) == "13812345678"


def test_a_changed_value_is_refused() -> None:
    vault = Vault([NEW])
    version, key, body = vault.encrypt("张桂兰").split(".")
    raw = bytearray(base64.urlsafe_b64decode(body))
    raw[-1] ^= 1
    for bad in (
        f"{version}.{key}.{base64.urlsafe_b64encode(bytes(raw)).decode()}",
        f"{version}.00000000.{body}",
        f"v2.{key}.{body}",
        "张桂兰",
        "",
    ):
        with pytest.raises(VaultError):
            vault.decrypt(bad)


def test_after_a_rotation_old_values_open_and_new_ones_use_the_new_key() -> None:
    stored = Vault([OLD]).encrypt("四〇一")
    rotated = Vault([NEW, OLD])
    assert rotated.decrypt(stored) == "四〇一"
    assert rotated.needs_rotation(stored)
    assert not rotated.needs_rotation(rotated.encrypt("四〇一"))
    with pytest.raises(VaultError):
        Vault([NEW]).decrypt(stored)


def test_a_phone_is_found_again_after_a_rotation() -> None:
    before, after = Vault([OLD]), Vault([NEW, OLD])
    assert before.fingerprint("138") == after.fingerprint("138") != after.fingerprint("139")


@pytest.mark.parametrize("key", ["abc", "", base64.b64encode(b"short").decode(), "!!!"])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises((VaultError, ValueError)):
        Vault.from_settings(Settings(data_key=key or "=", env="production", internal_token="x"))


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("13812345678", "138****5678"),
        ("138 1234 5678", "138****5678"),
        ("+8613812345678", "861****5678"),
        ("0439-1234567", "043****4567"),
        ("1234567", "*****67"),
        ("110", "****"),
        ("", None),
        (None, None),
    ],
)
def test_phones_are_masked(phone: str | None, masked: str | None) -> None:
    assert mask_phone(phone) == masked


@pytest.mark.parametrize(
    ("name", "masked"),
    [("张桂兰", "张**"), ("王芳", "王*"), ("欧阳修文", "欧阳**"), ("欧阳", "欧*"), ("李", "*"), ("", None)],
)  # fmt: skip
def test_names_are_masked(name: str, masked: str | None) -> None:
    assert mask_name(name) == masked


def test_a_room_is_only_said_to_be_known() -> None:
    assert (mask_room("401"), mask_room(None)) == ("***", None)


def test_a_resident_in_a_log_line_is_only_an_id() -> None:
    assert repr(Resident("r-1", "张桂兰", "13812345678")) == "Resident(id='r-1')"


async def test_passwords_are_argon2id_with_the_agreed_cost() -> None:
    stored = await hash_password("correct horse")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await password_fits(stored, "correct horse")
    assert not await password_fits(stored, "correct horsf")
    assert not await password_fits(None, "nobody has this password")
    assert not await password_fits(stored, "x" * 10_000)


@pytest.mark.parametrize(
    ("password", "code"), [("short", "password_too_short"), ("x" * 201, "password_too_long")]
)
async def test_passwords_that_are_too_short_or_too_long(password: str, code: str) -> None:
    with pytest.raises(LindaError) as error:
        await hash_password(password)
    assert error.value.code == code


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("我叫张三丰，电话13800138000", "我叫张**，电话138****8000"),
        ("我是欧阳娜，138 0013 8000打我", "我是欧阳*，138****8000打我"),
        ("打+86-13800138000或0451-82345678", "打861****8000或045****5678"),
        ("号码是幺三八零零一三八零零零", "号码是***********"),
        ("本人李四住3号楼", "本人李*住3号楼"),
        ("身份证23010119550101123X", "身份证230****1123"),
    ],
)
def test_who_somebody_is_is_masked_in_what_they_said(said: str, shown: str) -> None:
    assert mask_text(said) == shown


@pytest.mark.parametrize(
    "said",
    [
        "我是高血压，3号楼2单元301",
        "我是孙女，替奶奶报的",
        "我叫了王师傅来修",
        "单子SQ-261124-00007-3，11月24日10点，欠费1380元",
        "我是幸福小区的",
    ],
)
def test_what_tells_nobody_who_it_was_stays(said: str) -> None:
    assert mask_text(said) == said


def test_a_name_known_from_elsewhere_is_masked_wherever_it_stands() -> None:
    assert mask_text("张桂兰家漏水", ["张桂兰", None]) == "张**家漏水"


LOCALITIES = Path(__file__).resolve().parents[3] / "data" / "localities"


@pytest.mark.parametrize("locality", sorted(p for p in LOCALITIES.iterdir() if p.is_dir()))
def test_published_numbers_are_nobodys_and_stay(locality: Path) -> None:
    public = public_numbers(locality)
    duty = read_yaml((locality / "locality.yml").read_text(encoding="utf-8"))["duty"]
    leader, own = str(duty["leaders"][0]["phone"]), "13512345678"
    said = f"急事打值班电话{duty['phone']}，或{duty['phone'].replace('-', '')}；找他打{leader}，我是{own}"
    shown = mask_text(said, public=public)
    assert shown.startswith(said[: said.index("；")]), "the duty phone stays, however it is written"
    assert leader not in shown and own not in shown
    assert mask_all({"numbers": [duty["phone"], own]}, public=public) == {
        "numbers": [duty["phone"], "135****5678"]
    }
    assert duty["phone"] not in mask_text(said), "without the list it looks like anybody's"
