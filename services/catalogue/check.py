"""What is wrong or due in the service cards: missing, hollow, expired, soon expiring, contradictory.

Pure: everything that is looked at comes in as an argument, so that a test can make each mistake.
"""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from services.catalogue.model import Card, CardInShort, CertificateFile, Population, Redirect, Route
from services.people.model import Org
from services.wording import hard

SOON = timedelta(days=30)
"""A card that ends within this time has to be read again now."""
CENSUS_KEEPS = timedelta(days=2 * 366)
"""A figure of who lives where is replaced when the yearly one is out, a year after its day."""
MEALS = "C1"
"""Ordered by its own rules (``meals.yml``)."""
_DEFERS = re.compile(
    r"为准|(按|以|看).{0,10}(规定|要求|时限|办法|安排|公示|承诺|程序|条件)|各地不(同|一样)|本地规定"
)
_CLAUSES = re.compile(r"[。；，、;]")
_LOCAL = re.compile(r"本地|当地")
_ARTICLE = re.compile(r"第.{1,8}(条|章|款|项|部分)|附件|附表|通知|意见")
_SENTENCE = re.compile(r"[。；]|为准")
_DECISION = re.compile(r"保证(能|可以|批)|一定(能|会)(批|办)|包(批|过|办成)|肯定能(批|办)")
_IN_PERSON = re.compile(r"(本人|亲自|两个人|双方)(一起)?到场|别人替不了")
_DECIDED_HERE = re.compile(
    r"以(当地|本地)|(由|看|按|合)(当地|本地)|各地(不|规定)|(当地|本地).{0,8}(规定|定[，。；]|办法)"
)
_PHONE = re.compile(
    r"\d{3,4}-\d{7,8}|(?<!\d)1[3-9]\d{9}(?!\d)|"
    r"(?<!\d)(?:1[12]\d|1\d{4}|9\d{4})(?!\d|分|小时|天|日|元|年|个|户)"
)


UNSIGNED: Mapping[str, str] = {
    "none": "还没有人复核",
    "changed": "复核以后改过，要再看",
    "expired": "复核到期了，要再看",
    "wrong": "有人说有错，还没改",
}
"""What is due when a review (``services.reviews``) is in this state."""


@dataclass(frozen=True)
class Finding:
    """One thing to mend: an ``error`` must not go to residents, a ``warning`` is due."""

    level: Literal["error", "warning"]
    text: str
    said: str = dataclasses.field(default="", compare=False)

    @property
    def plain(self) -> str:
        """The same without names of files, for a page of the console."""
        return self.said or self.text


def check_cards(
    cards: Collection[Card],
    routes: Collection[Route],
    orgs: Mapping[str, Org],
    certificates: CertificateFile,
    redirects: Collection[Redirect],
    bookable: Collection[str],
    links: Collection[str],
    numbers: Collection[str],
    today: date,
    reviews: Mapping[str, str],
) -> list[Finding]:
    """Return what is wrong in the cards, errors first, in the order of the leaves.

    Args:
        cards: All cards.
        routes: The dispatch directory: each of its leaves needs a card that agrees with it.
        orgs: The locality's units by id.
        certificates: The locality's policy.
        redirects: Questions that lead elsewhere.
        bookable: Leaves that the locality has booking rules for.
        links: Leaves that the locality has a page of its own for.
        numbers: Phone numbers that words for residents may hold (``data/numbers.yml``).
        today: The day for which validity is looked at.
        reviews: State of each card's review (``UNSIGNED``, or good) by leaf; of a card that is not
            among them the data file's own ``reviewed`` counts.
    """
    found = [
        *_missing(cards, {leaf for route in routes for leaf in route.leaves}),
        *(f for card in cards for f in _validity(card, today)),
        *(f for card in cards for f in _contradictions(card, orgs)),
        *(f for card in cards for f in _claims(card)),
        *(f for card in cards for f in _large_type(card)),
        *(f for card in cards for f in _directory(card, routes, orgs)),
        *_unknown_numbers(cards, redirects, numbers),
        *_shared_words(cards),
        *_certificate_cards(cards, certificates, orgs),
        *_redirects(redirects, orgs, {c.id for c in cards}),
        *_taken_away(cards, redirects),
        *(f for card in cards for f in _dead_offers(card, bookable)),
        *_pages(cards, links),
        *_due(cards, reviews),
    ]
    return sorted(found, key=lambda f: f.level != "error")


def _missing(cards: Iterable[Card], leaves: Iterable[str]) -> Iterator[Finding]:
    have = {card.id for card in cards}
    for leaf in sorted(set(leaves) - have):
        yield Finding("error", f"{leaf}：派单目录里有这一项，没有卡片")


def _validity(card: Card, today: date) -> Iterator[Finding]:
    if not card.valid_on(today):
        span = f"{card.valid_from} 到 {card.valid_to or '另有通知'}"
        yield Finding("error", f"{_name(card)}：有效期 {span}，今天不能引用")
    elif card.valid_to is None:
        yield Finding("warning", f"{_name(card)}：没有写有效期到哪天，永远不会提醒复核")
    elif card.valid_to - today <= SOON:
        yield Finding("warning", f"{_name(card)}：{card.valid_to} 到期，该复核了")


def _contradictions(card: Card, orgs: Mapping[str, Org]) -> Iterator[Finding]:
    if not card.sources and not card.confirm_locally:
        yield Finding("error", f"{_name(card)}：没有来源，也没有注明以当地窗口为准")
    if not card.confirm_locally and any(_LOCAL.search(s.title) for s in card.sources):
        yield Finding("error", f"{_name(card)}：来源是本地的，却没有注明以当地窗口为准")
    for unit in filter(None, (card.owner, card.phone_of)):
        if unit not in orgs:
            yield Finding("error", f"{_name(card)}：orgs.yml 里没有单位 {unit}")
    office = orgs.get(card.phone_of or card.owner)
    if card.phone is None and office is not None and not office.phone:
        yield Finding("warning", f"{_name(card)}：{office.name}没有电话，居民问不到")
    for word in card.not_this:
        if any(word in alias for alias in (card.name, *card.aliases)):
            yield Finding("error", f"{_name(card)}：“{word}”又是别名又是排除的词")
    if card.reviewed is not None and card.reviewed.on < card.valid_from - timedelta(days=366):
        yield Finding("warning", f"{_name(card)}：复核日期比生效日期早一年多")


def _claims(card: Card) -> Iterator[Finding]:
    """Sentences that promise too much, or say the opposite of what the card is marked as."""
    for field in ("summary", "limit", "fee", "where"):
        if _DECISION.search(str(getattr(card, field) or "")):
            yield Finding("error", f"{_name(card)}：{field} 里承诺了结果，只能承诺时限")
    words = list(_words(card))
    if not card.confirm_locally and any(_DECIDED_HERE.search(text) for text in words):
        yield Finding("error", f"{_name(card)}：话里说由本地定，却没有注明以当地窗口为准")
    if "proxy" in card.offers and any(_IN_PERSON.search(text) for text in words):
        yield Finding("error", f"{_name(card)}：要本人到场，却写了能找人代办")


def _large_type(card: Card) -> Iterator[Finding]:
    """Words that are hard for large-type mode and have no form of their own, or one that is hard or no shorter."""
    for field in CardInShort.model_fields:
        plain, short = getattr(card, field) or "", getattr(card.elder, field, None) or ""
        why = "、".join(hard([short or plain], own=bool(short)))
        if why and not short:
            yield Finding("error", f"{_name(card)}：{field} 没有长辈版的说法（elder）：{why}")
        elif why:
            yield Finding("error", f"{_name(card)}：{field} 的长辈版不好读：{why}")
        elif len(short) > len(plain):
            yield Finding("error", f"{_name(card)}：{field} 的长辈版比原来的还长")


def _words(card: Card) -> Iterator[str]:
    """All sentences of a card that residents read."""
    yield from filter(None, (card.summary, card.who, *card.conditions, *card.materials))
    yield from filter(None, (card.where, card.limit, card.fee, card.phone, card.power))
    yield from filter(None, card.elder.model_dump().values() if card.elder else ())


def _directory(card: Card, routes: Iterable[Route], orgs: Mapping[str, Org]) -> Iterator[Finding]:
    """A card that says another unit, or less, than the dispatch directory of the locality."""
    own = [route for route in routes if card.id in route.leaves]
    told = card.phone_of or card.owner
    if own and told in orgs and not any(told in (r.lead, *r.assists) for r in own):
        units = "、".join(sorted({orgs[r.lead].name for r in own if r.lead in orgs}))
        text = f"{_name(card)}：告诉居民找{orgs[told].name}，派单目录却派给{units}"
        yield Finding("warning", text)
    if card.power and hollow(card.power) and any(route.power for route in own):
        text = f"{_name(card)}：归谁管只说了各地不同，派单目录里写明的那句居民就听不到了"
        yield Finding("warning", text)


def _unknown_numbers(
    cards: Iterable[Card], redirects: Iterable[Redirect], numbers: Collection[str]
) -> Iterator[Finding]:
    """A number that nobody has checked; those of the locality belong to its own files."""
    texts = [(_name(card), text) for card in cards for text in _words(card)]
    texts += [(f"redirects.yml：{r.id}", text) for r in redirects for text in _said(r)]
    for name, text in texts:
        for number in _PHONE.findall(text):
            if number not in numbers:
                yield Finding("error", f"{name}：号码 {number} 没有核对过（numbers.yml 里没有）")


def _said(row: Redirect) -> Iterator[str]:
    """Yield what a redirect says, large type too."""
    yield f"{row.answer} {row.phone or ''}"
    yield from (f"{part.answer} {part.elder}" for part in row.parts.values())
    yield from (f"{more.answer} {more.elder}" for more in row.more)


def _taken_away(cards: Iterable[Card], redirects: Iterable[Redirect]) -> Iterator[Finding]:
    """Words of a card that a redirect answers instead, so that the card is never shown."""
    for card in cards:
        for word in (card.name, *card.aliases, *card.examples):
            for row in redirects:
                if row.answer and row.fits(word):
                    text = f"{_name(card)}：“{word}”会被 redirects.yml 的 {row.id} 接走"
                    yield Finding("warning", text)


def _dead_offers(card: Card, bookable: Collection[str]) -> Iterator[Finding]:
    """An appointment that is offered must lead somewhere: to a window, a meal or a booking."""
    leads = card.kind in ("办事", "调解") or card.id in bookable or card.id == MEALS
    if "appointment" in card.offers and not leads:
        yield Finding("warning", f"{_name(card)}：写了能约时间，services.yml 里却没有它的时间")


def _shared_words(cards: Iterable[Card]) -> Iterator[Finding]:
    owners: dict[str, list[str]] = defaultdict(list)
    for card in cards:
        for word in {card.name, *card.aliases}:
            owners[word].append(card.id)
    for word, ids in sorted(owners.items()):
        if len(ids) > 1:
            yield Finding("warning", f"{'、'.join(ids)}：都叫“{word}”，会问不准是哪一张")


def _certificate_cards(
    cards: Iterable[Card], certificates: CertificateFile, orgs: Mapping[str, Org]
) -> Iterator[Finding]:
    have = {card.id: card for card in cards}
    units = [certificates.owner, *(item.owner for item in certificates.items)]
    for unit in sorted({u for u in units if u and u not in orgs}):
        yield Finding("error", f"certificates.yml：orgs.yml 里没有单位 {unit}")
    for item in certificates.items:
        card = have.get(item.leaf)
        if card is None:
            yield Finding("error", f"certificates.yml：{item.name} 的卡片 {item.leaf} 没有")
        elif item.allowed is False and "不能开" not in card.name:
            text = f"certificates.yml：{item.name} 社区不能开，却记在“{card.name}”上"
            yield Finding("error", text)


def _redirects(
    redirects: Iterable[Redirect], orgs: Mapping[str, Org], leaves: Collection[str]
) -> Iterator[Finding]:
    for row in redirects:
        if row.phone_of and row.phone_of not in orgs:
            yield Finding("error", f"redirects.yml：{row.id} 的单位 {row.phone_of} 没有")
        for leaf in (*row.leaves, *filter(None, (row.card,))):
            if leaf not in leaves:
                yield Finding("error", f"redirects.yml：{row.id} 的卡片 {leaf} 没有")


def _pages(cards: Collection[Card], links: Collection[str]) -> Iterator[Finding]:
    """Pages of the locality for cards that do not exist; matters that have no page at all.

    Only what is done at a window can be done on a page; what is reported or booked is done here.
    """
    for leaf in sorted(set(links) - {card.id for card in cards}):
        yield Finding("error", f"services.yml：links 里的 {leaf} 没有卡片")
    without = [c.id for c in cards if c.kind == "办事" and not c.link and c.id not in links]
    if without:
        text = f"没有网上办的地址，由本地填（services.yml 的 links）：{len(without)}张"
        yield Finding("warning", f"{text}（{' '.join(without)}）")


def _due(cards: Collection[Card], reviews: Mapping[str, str]) -> Iterator[Finding]:
    """What makes a card thin; one line for each lack, so that the list stays readable."""
    lacks: dict[str, list[str]] = defaultdict(list)
    for card in cards:
        state = reviews.get(card.id, "good" if card.reviewed else "none")
        for words in _lacks(card, state):
            lacks[words].append(card.id)
    for words, ids in lacks.items():
        yield Finding("warning", f"{words}：{len(ids)}张（{' '.join(ids)}）")


def check_signed(kind: str, reviews: Mapping[str, str]) -> list[Finding]:
    """Return what is due in the reviews of a kind of words, one line for each state.

    Args:
        kind: Its name.
        reviews: State by the name of the card, certificate or text.
    """
    return [
        Finding("warning", f"{kind}{words}：{len(names)}条（{'；'.join(names)}）")
        for state, words in UNSIGNED.items()
        if (names := [name for name, now in reviews.items() if now == state])
    ]


def _lacks(card: Card, review: str) -> Iterator[str]:
    if review in UNSIGNED:
        yield UNSIGNED[review]
    if any(_SENTENCE.search(item) for item in card.materials):
        yield "材料里写了整句话，列不成清单"
    if card.kind == "办事" and not card.materials:
        yield "没有要带的材料"
    for field, label in (("limit", "时限"), ("fee", "收费"), ("where", "办理地点")):
        if hollow(getattr(card, field)):
            yield f"{label}没写，或者只写了“以当地为准”"
    national = [s for s in card.sources if not _LOCAL.search(s.title)]
    if not national:
        yield "来源只有本地指南"
    elif any(not _ARTICLE.search(f"{s.title}{s.ref or ''}") for s in national):
        yield "国家来源没有写第几条"


def check_population(
    known: Mapping[str, Population], communities: Mapping[str, str], today: date
) -> list[Finding]:
    """Return what is wrong or due in the figures of who lives where (``locality.yml``).

    Args:
        known: By community.
        communities: Names of the communities by id.
    """
    where = "locality.yml 的 residents"
    found = [
        Finding(
            "error",
            f"{where}：没有社区 {c}",
            f"常住人口填在了一个没有的社区上（{c}），请技术人员改。",
        )
        for c in known
        if c not in communities
    ]
    for community, name in communities.items():
        there = known.get(community)
        if there is None:
            text = f"{name}的常住人口没填（{where}），万人诉求量算不出"
            said = f"{name}的常住人口没填，万人诉求量算不出，请技术人员填上。"
            found.append(Finding("warning", text, said))
        elif today - there.as_of > CENSUS_KEEPS:
            text = f"{name}的常住人口还是{there.as_of}的（{where}），该换新的数了"
            said = f"{name}的常住人口还是{there.as_of}的，请技术人员换新的数。"
            found.append(Finding("warning", text, said))
    return found


def hollow(words: str | None) -> bool:
    """Whether words are missing or every clause of them only points to local rules."""
    parts = [part for part in _CLAUSES.split(words or "") if part.strip()]
    return all(_DEFERS.search(part) for part in parts)


def _name(card: Card) -> str:
    return f"{card.id} {card.name}"
