"""The catalogue's files as they are, and what its service answers from them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.catalogue.files import DataFileError, read
from services.catalogue.meals import meal_status
from services.catalogue.model import AfterCard, CardFile, ElderCard, MealFile
from services.catalogue.service import CatalogueService, hotline_problems
from services.clock import ZONE, Clock
from services.config import ROOT, Settings
from services.errors import LindaError


class At(Clock):
    """A clock that stands still."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._at = datetime.fromisoformat(text).replace(tzinfo=ZONE)

    def now(self) -> datetime:
        return self._at


def service(
    locality: str = "qinghe", now: str = "2026-11-24T10:00", data: Path | None = None
) -> CatalogueService:
    return CatalogueService(Settings(locality=locality, data_dir=data or ROOT / "data"), At(now))


def test_who_has_the_power_is_what_the_directory_says_that_day(data: Path) -> None:
    lines = """
routes:
  - {leaves: [A1], lead: police, power: 归派出所管。, valid_to: 2026-11-30}
  - {leaves: [A1], lead: hall, power: 归政务大厅管。, valid_from: 2026-12-01}
"""
    (data / "localities" / "qinghe" / "dispatch.yml").write_text(lines, "utf-8")
    told = []
    for now in ("2026-11-30T10:00", "2026-12-01T10:00"):
        card = service(now=now, data=data).card("A1")
        assert card is not None
        told.append(card["power"])
    assert told == ["归派出所管。", "归政务大厅管。"]


def test_what_holds_for_one_compound_is_not_told_to_all(data: Path) -> None:
    lines = """
routes:
  - {leaves: [A1], communities: [qinghe-c2], lead: community, power: 这个院子没有物业。}
  - {leaves: [A1], compounds: [xingfu], lead: hall, power: 这个小区归大厅管。}
  - {leaves: [A1], lead: police, power: 归派出所管。}
"""
    path = data / "localities" / "qinghe" / "dispatch.yml"
    path.write_text(lines, "utf-8")
    card = service(data=data).card("A1")
    assert card is not None and card["power"] == "归派出所管。"
    path.write_text("\n".join(lines.splitlines()[:4]), "utf-8")
    card = service(data=data).card("A1")
    assert card is not None and card["power"] is None


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with one card."""
    (tmp_path / "catalogue").mkdir()
    locality = tmp_path / "localities" / "qinghe"
    locality.mkdir(parents=True)
    orgs = "orgs: [{id: community, name: 社区窗口, kind: community, phone: 0439-5}]"
    (locality / "orgs.yml").write_text(orgs, "utf-8")
    (locality / "dispatch.yml").write_text("routes: []", "utf-8")
    (locality / "services.yml").write_text("services: {}", "utf-8")
    card = {
        "id": "A1", "slug": "residence_permit", "name": "居住证", "kind": "办事",
        "summary": "在外地住满半年可以办。", "confirm_locally": True, "owner": "community",
        "phone": 12345, "valid_from": date(2026, 1, 1), "valid_to": date(2026, 6, 30),
    }  # fmt: skip
    write(tmp_path, card)
    return tmp_path


def write(folder: Path, *cards: dict[str, Any]) -> None:
    text = yaml.safe_dump({"cards": list(cards)}, allow_unicode=True)
    (folder / "catalogue" / "A.yml").write_text(text, "utf-8")


@pytest.mark.parametrize(
    ("day", "valid"),
    [("2025-12-31", False), ("2026-01-01", True), ("2026-06-30", True), ("2026-07-01", False)],
)
def test_a_card_is_valid_from_its_first_to_its_last_day(data: Path, day: str, valid: bool) -> None:
    card = service(now=f"{day}T23:59", data=data).card("A1")
    assert card is not None
    assert (card["valid"], card["phone"]) == (valid, "12345")


def test_a_page_of_the_locality_comes_before_the_national_one(data: Path) -> None:
    def link() -> Any:
        card = service(data=data).card("A1")
        assert card is not None
        return card["link"]

    national = {"title": "国家政务服务平台", "url": "https://www.gjzwfw.gov.cn"}
    own = {"title": "县公安网上办事", "url": "https://example.invalid/residence"}
    rules = data / "localities" / "qinghe" / "services.yml"
    base = yaml.safe_load((data / "catalogue" / "A.yml").read_text("utf-8"))["cards"][0]
    assert link() is None
    write(data, base | {"link": national})
    assert link() == national
    rules.write_text(yaml.safe_dump({"services": {}, "links": {"A1": own}}), "utf-8")
    assert link() == own
    write(data, base)
    assert link() == own, "a card without a national page gets the local one as well"
    rules.write_text("services: {}\nlinks: {A1: {title: 网上, url: 'http://plain'}}", "utf-8")
    with pytest.raises(DataFileError, match=r"services\.yml"):
        link()


def test_an_unknown_leaf_has_no_card(data: Path) -> None:
    assert service(data=data).card("Z9") is None


def test_a_misspelt_field_is_named_with_its_file(data: Path) -> None:
    write(data, {"id": "A1", "summery": "写错了"})
    with pytest.raises(DataFileError, match=r"A\.yml.*summery"):
        service(data=data).cards()


def test_two_cards_of_one_leaf_are_refused(data: Path) -> None:
    card = yaml.safe_load((data / "catalogue" / "A.yml").read_text("utf-8"))["cards"][0]
    write(data, card, card)
    with pytest.raises(DataFileError, match="A1 有两张卡片"):
        service(data=data).cards()


def test_broken_yaml_and_a_missing_file_are_named(tmp_path: Path) -> None:
    (tmp_path / "x.yml").write_text("cards: [", "utf-8")
    for name in ("x.yml", "y.yml"):
        with pytest.raises(DataFileError, match=name):
            read(tmp_path / name, CardFile)


@pytest.mark.parametrize("locality", ["qinghe", "rongxi"])
def test_the_data_files_are_in_order(locality: str) -> None:
    found = service(locality)
    assert [f.text for f in found.check() if f.level == "error"] == []
    assert found.duty()["phone"]


# -- certificates ---------------------------------------------------------------------------


@pytest.mark.parametrize("locality", ["qinghe", "rongxi"])
def test_the_twenty_forbidden_certificates_are_refused_by_number_with_basis(locality: str) -> None:
    for no in range(1, 21):
        found = service(locality).certificate(no=no)
        assert (found["no"], found["allowed"]) == (no, False)
        assert "民发〔2020〕20号" in found["basis"]
        assert found["why"] and found["redirect"]


def test_a_certificate_is_found_by_name_and_alias_also_with_marks_around_it() -> None:
    catalogue = service()
    assert catalogue.certificate(name="亲属关系证明")["no"] == 1
    assert catalogue.certificate(name="“亲属证明”原件")["no"] == 1
    assert catalogue.certificate(name="志愿服务记录证明")["allowed"] is True


def test_a_kind_outside_the_list_is_neither_allowed_nor_refused() -> None:
    found = service().certificate(name="外星人证明")
    assert (found["no"], found["name"], found["allowed"]) == (None, "外星人证明", None)


# -- hotlines -------------------------------------------------------------------------------


@pytest.mark.parametrize("locality", ["qinghe", "rongxi"])
@pytest.mark.parametrize("leaf", ["H3", "H5", "J3", "J4", "J5", "F4", "H2", "I14", "-", "H6"])
def test_every_emergency_has_a_card_with_a_number(locality: str, leaf: str) -> None:
    found = service(locality).hotlines(leaf)
    assert found["card"]["lines"] and found["card"]["version"]
    assert found["numbers"] and all(n["phone"] for n in found["numbers"])


@pytest.mark.parametrize("locality", ["qinghe", "rongxi"])
def test_every_safety_card_has_words_for_what_is_said_next(locality: str) -> None:
    catalogue = service(locality)
    for card in catalogue._hotlines.cards:
        found = catalogue.hotlines(card.leaf)["card"]
        for words in (found["after"], (found["third_party"] or found)["after"]):
            assert words["follow"] and words["over"] and words["safe"] and words["worse"]
            assert "{place}" in words["place"]
            said = "".join(
                [*words["follow"], *(v for k, v in words.items() if v and k != "follow")]
            )
            assert "？" not in "".join(words["follow"][1:]) or card.leaf in ("missing", "door")
            assert "{" not in said.replace("{place}", "")


@pytest.mark.parametrize("locality", ["qinghe", "rongxi"])
def test_numbers_said_in_a_safety_card_are_numbers_of_the_locality(locality: str) -> None:
    lines = service(locality)._hotlines
    known = {n.phone for n in lines.numbers.values()}
    for card in lines.cards:
        said = set(re.findall(r"(?<!\d)1\d{2,4}(?!\d)|(?<!\d)9\d{4}(?!\d)", card.model_dump_json()))
        assert said <= known, card.leaf
    assert {"122", "12110", "12356"} <= known


@pytest.mark.parametrize("locality", ["qinghe", "rongxi"])
def test_every_card_has_numbers_that_are_answered_day_and_night(locality: str) -> None:
    catalogue = service(locality)
    for card in catalogue.safety_cards():
        if card.leaf == "heavy":  # sorrow without danger: nobody is alerted
            continue
        answered = catalogue.always_answered(card.leaf)
        assert {"110", "119", "120"} & set(answered), card.leaf
        assert "12356" not in answered, "the State asks for 18 hours a day only"
        assert catalogue.locality.duty.phone not in answered, "it is said with its name"
    assert catalogue.always_answered("H6") == catalogue.always_answered("-")


@pytest.mark.parametrize("locality", ["qinghe", "rongxi"])
def test_a_unit_has_one_number_wherever_it_stands(locality: str) -> None:
    catalogue = service(locality)
    numbers = catalogue._hotlines.numbers
    for key in ("gas", "elevator", "water", "heating", "power"):
        assert numbers[key].phone == catalogue._orgs[key].phone, key
    assert numbers["duty"].phone == catalogue.locality.duty.phone


def test_drafts_and_demo_numbers_are_found_where_it_is_no_demo() -> None:
    lines = service()._hotlines
    assert hotline_problems(lines, demo=True) == []
    unsigned = [p for p in hotline_problems(lines, demo=False, signed=True) if "审定" in p]
    assert unsigned == []
    found = hotline_problems(lines, demo=False)
    assert any("还没有审定" in f for f in found)
    assert any("演示号码" in f for f in found)
    general = [c for c in lines.cards if c.leaf == "-"]
    silent = [c.model_copy(update={"after": AfterCard()}) for c in general]
    assert hotline_problems(lines.model_copy(update={"cards": tuple(silent)}), demo=True)
    assert hotline_problems(lines.model_copy(update={"cards": ()}), demo=True)


def test_who_asks_for_somebody_else_is_not_spoken_to_as_the_victim() -> None:
    for leaf in ("J3", "J5"):
        other = service().hotlines(leaf)["card"]["third_party"]
        assert "您这会儿一定很难受" not in "".join(other["lines"])
        assert "110" in "".join(other["lines"])


@pytest.mark.parametrize("locality", ["qinghe", "rongxi"])
def test_every_safety_card_has_a_form_for_elders(locality: str) -> None:
    catalogue = service(locality)
    for card in catalogue.safety_cards():
        for form in (card, card.third_party):
            if form is None:
                continue
            assert form.elder, card.leaf
            words = "".join([form.elder.title or form.title, *form.elder.lines])
            assert re.search(r"\d{3}", words) or card.leaf in ("H3", "missing"), card.leaf
            assert not any("？" in line for line in form.elder.lines)
    short = catalogue.hotlines("H3")["card"]["elder"]
    assert short["after"]["follow"][0].startswith("头晕")
    assert len(short["after"]["place"]) < len(catalogue.hotlines("H3")["card"]["after"]["place"])


def test_what_an_elder_card_leaves_out_is_the_card_then_the_general_one_in_short() -> None:
    catalogue = service()
    general = catalogue.hotlines("-")["card"]["elder"]["after"]
    water = catalogue.hotlines("I14")["card"]["elder"]["after"]
    assert water["worse"] == general["worse"] == "打120，说清在哪儿、几个人。"
    lift = catalogue.hotlines("H5")["card"]
    assert lift["elder"]["after"]["over"] == lift["after"]["over"], "short enough as it is"
    beaten = catalogue.hotlines("J3")["card"]
    assert beaten["elder"]["lead"] == "正挨打先躲开，打110。想问人，打12338。"
    other = beaten["third_party"]["elder"]["after"]
    assert other["over"] == "停了就好。再听见，马上打110。"
    assert other["place"] == beaten["elder"]["after"]["place"]


def test_a_long_sentence_after_an_elder_card_is_refused() -> None:
    after = AfterCard(place="{place}，" + "长" * 30)
    with pytest.raises(ValueError, match="超过24个字"):
        ElderCard(lines=("短。",), after=after)
    assert ElderCard(lines=("短。",), after=AfterCard(place="{place}，" + "长" * 20))


def test_a_redirect_and_a_certificate_have_their_short_words() -> None:
    catalogue = service()
    row = catalogue.redirect("电费去哪交")
    assert row and row["elder"] == "社区不收电费，问供电公司。"
    kin = catalogue.certificate(1)
    assert set(kin["elder"]) == {"why", "redirect"} and len(kin["elder"]["redirect"]) <= 25
    assert set(catalogue.certificate(3)["elder"]) == {"why"}, "the other is short as it is"
    assert catalogue.certificate(None, "没有这种证明")["elder"] == {}


def test_a_leaf_without_a_card_gets_the_general_one() -> None:
    catalogue = service()
    assert catalogue.hotlines("H6") == catalogue.hotlines("-")
    assert catalogue.hotlines("H3") != catalogue.hotlines("-")


@pytest.mark.parametrize("locality", ["qinghe", "rongxi"])
def test_the_canteen_is_open_when_it_serves(locality: str) -> None:
    folder = ROOT / "data" / "localities" / locality
    entries = yaml.safe_load((folder / "information.yml").read_text("utf-8"))["entries"]
    (canteen,) = [entry for entry in entries if entry["id"] == "canteen"]
    served = [meal.serve for meal in service(locality)._meals.meals.values() if meal]
    assert served and all(span.replace("-", "到") in canteen["hours"] for span in served)


# -- meals ----------------------------------------------------------------------------------


@pytest.mark.parametrize("locality", ["qinghe", "rongxi"])
def test_prices_and_who_pays_less_come_from_the_locality(locality: str) -> None:
    rules = read(ROOT / "data" / "localities" / locality / "meals.yml", MealFile)
    found = meal_status(rules, date(2026, 11, 25), "lunch", At("2026-11-24T09:00").now())
    assert found["price"] and "演示" in found["price"], "no figure that nobody has settled"
    assert all(s["confirm"] for s in found["subsidies"]) and found["subsidy_note"]
    empty = meal_status(MEALS, date(2026, 11, 25), "lunch", At("2026-11-24T09:00").now())
    assert (empty["price"], empty["subsidies"]) == (None, [])


MEALS = MealFile.model_validate(
    {
        "provider": "食堂",
        "meals": {
            "breakfast": None,
            "lunch": {
                "name": "午饭",
                "serve": "11:00-12:30",
                "cutoff": {"days_before": 1, "time": "16:00"},
            },
            "dinner": {
                "name": "晚饭",
                "serve": "16:30-17:30",
                "cutoff": {"days_before": 0, "time": "10:00"},
            },
        },
    }
)


@pytest.mark.parametrize(
    ("day", "meal", "now", "is_open", "next_open"),
    [
        ("2026-11-25", "lunch", "2026-11-24T16:00", True, None),
        ("2026-11-25", "lunch", "2026-11-24T16:01", False, ("2026-11-26", "lunch")),
        ("2026-11-24", "lunch", "2026-11-24T09:00", False, ("2026-11-25", "lunch")),
        ("2026-11-24", "dinner", "2026-11-24T10:00", True, None),
        ("2026-11-24", "dinner", "2026-11-24T10:01", False, ("2026-11-25", "dinner")),
        ("2026-11-23", "dinner", "2026-11-24T09:00", False, ("2026-11-24", "dinner")),
        ("2026-11-25", "breakfast", "2026-11-24T09:00", False, ("2026-11-25", "lunch")),
        ("2027-01-30", "lunch", "2026-11-24T09:00", False, None),
    ],
)
def test_a_meal_can_be_ordered_until_its_cutoff(
    day: str, meal: str, now: str, is_open: bool, next_open: tuple[str, str] | None
) -> None:
    found = meal_status(MEALS, date.fromisoformat(day), meal, At(now).now())
    assert found["open"] is is_open
    assert (found["reason"] is None) is is_open
    expected = {"date": next_open[0], "meal": next_open[1]} if next_open else None
    assert found["next_open"] == expected


def test_the_cutoff_is_told_with_its_zone() -> None:
    found = meal_status(MEALS, date(2026, 11, 25), "lunch", At("2026-11-24T09:00").now())
    assert found["cutoff"] == "2026-11-24T16:00:00+08:00"


def test_outside_the_season_no_meal_is_open() -> None:
    rules = MEALS.model_copy(update={"valid_to": date(2026, 11, 24)})
    now = At("2026-11-24T09:00").now()
    found = meal_status(rules, now.date() + timedelta(days=1), "dinner", now)
    assert (found["open"], found["next_open"]) == (False, None)


def test_a_meal_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(LindaError) as error:
        service().meal_status(date(2026, 11, 25), "supper")
    assert error.value.code == "unknown_meal"


def test_the_short_form_of_a_card_is_shorter_and_names_no_number_of_its_own() -> None:
    files = (ROOT / "data" / "catalogue").glob("*.yml")
    cards = [card for path in files for card in read(path, CardFile).cards]
    assert len(cards) == 95 and all(card.elder and card.elder.summary for card in cards)
    for card in cards:
        own = f"{card.summary}{card.where or ''}{'，'.join(card.conditions)}"
        for plain, short in ((card.summary, card.elder.summary), (card.where, card.elder.where)):  # type: ignore[union-attr]
            if short is None:
                continue
            assert plain and len(short) < len(plain), card.id
            assert all(len(part) <= 20 for part in re.split("[。？]", short)), card.id
            assert set(re.findall(r"\d+", short)) <= set(re.findall(r"\d+", own)), card.id
