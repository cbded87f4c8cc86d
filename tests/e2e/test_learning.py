"""From a sentence nobody understood to a model that does, in one go, while other residents talk on.

The real system: residents in the widget's way and in WeChat, a person in a browser, the bot's own
training and evaluation.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.test_browser import DESK, PHONE, fits, log_in, shot
from tests.patience import PATIENCE_S
from tests.stack import Chat, Stack
from tests.wechat_stack import WeChatStack

TRAINING_LIMIT_S = 600
"""For a machine with two cores on which the rest of the tests runs, too."""
ANSWER_LIMIT_S = 4.0
TALKERS = 8
"""One conversation may say 20 things a minute: so many take turns to say something every 0.5 s."""


@dataclass(frozen=True)
class Wording:
    """A way to say something that a model may not know, and a plain way that every model knows."""

    text: str
    intent: str
    leaf: str
    plain: str


WORDINGS = (
    Wording("俺也想跟着你们一块儿出把力", "join_volunteer", "", "我想报名当志愿者"),
    Wording("给咱片儿扫扫雪啥的算我一个", "join_volunteer", "", "我想报名当志愿者"),
    Wording("把我那些底细都给抹喽", "ask_my_data", "", "把我的个人信息删掉"),
    Wording("你们那嘎达晌午歇不歇", "ask_community_info", "", "社区几点上班"),
    Wording("你们那旮沓啥前儿有人", "ask_community_info", "", "社区几点上班"),
    Wording("你这玩意儿都能鼓捣点啥", "ask_capability", "", "你能做什么"),
    Wording("瞅不真亮，整大点儿", "ask_accessibility", "", "字太小了，能不能大一点"),
    Wording("老少爷们儿干得真带劲", "give_praise", "", "表扬一下社区的工作人员"),
    Wording("墙根儿底下搁俩马扎儿多得劲", "make_suggestion", "", "我建议小区里多装几个长椅"),
)
"""Chosen at run time: the first one that the present model really gets wrong."""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WeChatStack]:
    """A system of its own: what it learns would change the other tests' bot."""
    with WeChatStack(tmp_path_factory.mktemp("stack-learning")) as town:
        yield town


@pytest.fixture(scope="module")
def stack(town: WeChatStack) -> Stack:
    """The system without the simulated WeChat before it."""
    return town.stack


# -- what the bot makes of it --------------------------------------------------------------------


def understood(stack: Stack, text: str) -> dict[str, Any]:
    """Ask Rasa itself what a sentence means."""
    token = (stack.var_dir / "secrets" / "internal_token").read_text().strip()
    request = urllib.request.Request(
        f"{stack.environment['LINDA_RASA_URL']}/model/parse?token={token}",
        data=json.dumps({"text": text}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return dict(json.loads(answer.read()))


def unknown(stack: Stack) -> Wording:
    """Return a wording that the present model gets wrong, by meaning and by what it answers."""
    for wording in WORDINGS:
        said = understood(stack, wording.text)["intent"]["name"]
        plain = understood(stack, wording.plain)["intent"]["name"]
        # An alarm would call people; the plain way must be understood, or there is nothing to reach.
        if said not in (wording.intent, "emergency") and plain == wording.intent:
            if answer(stack, wording.text) != answer(stack, wording.plain):
                return wording
    raise AssertionError("the model knows every wording of the list: add harder ones")


def answer(stack: Stack, text: str) -> str:
    """What a new resident is told, without their own words where they are read back."""
    return stack.chat().say(text).replace(text, "…")


def answer_in_wechat(town: WeChatStack, text: str) -> str:
    """The same in WeChat, where somebody writes to the official account for the first time."""
    phone = town.phone("safe")
    town.run(phone.say(text))
    town.run(phone.wait_for(""))
    return "\n".join(phone.screen.told()).replace(text, "…")


# -- other residents -----------------------------------------------------------------------------


@dataclass
class Talk:
    """Residents who say something every half second until told to stop."""

    chats: list[Chat]
    turns: list[tuple[float, float]] = field(default_factory=list)
    """When each turn began (monotonic) and how long its answer took, in seconds."""
    errors: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Talk:
        self._thread = threading.Thread(target=self._go)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _go(self) -> None:
        while not self._stop.is_set():
            chat = self.chats[len(self.turns) % len(self.chats)]
            began = time.monotonic()
            try:
                if not chat.say("谢谢"):
                    self.errors.append("no answer")
            except Exception as error:
                self.errors.append(repr(error))
            took = time.monotonic() - began
            self.turns.append((began, took))
            self._stop.wait(max(0.0, 0.5 - took))

    def slowest(self, since: float, until: float) -> float:
        """Longest answer to a turn that went on at some time between these."""
        times = [took for began, took in self.turns if began < until and began + took > since]
        return max(times, default=0.0)

    def usual(self) -> float:
        """What 19 of 20 answers took at most."""
        times = sorted(took for _, took in self.turns)
        return times[int(0.95 * len(times))]


# -- the person ----------------------------------------------------------------------------------


def teach(view: Page, stack: Stack, wording: Wording) -> None:
    """Find what residents said in the inbox and say what it means."""
    view.goto(f"{stack.url}/console/training?{urlencode({'q': wording.text})}")
    view.get_by_role("link", name=wording.text).click()
    # On a desk the first group is open already; only this one's own choice stays open.
    expect(view).to_have_url(re.compile(r"[?&]group=\d+"))
    view.get_by_text("都不是，我来选").click()
    view.locator(
        "label", has=view.locator(f'input[name="intent"][value="{wording.intent}"]')
    ).click()
    shot(view, "learning-teach")
    view.get_by_role("button", name="就这样定").click()
    expect(view.get_by_role("button", name="撤销")).to_be_visible()


def heard(stack: Stack, wording: Wording) -> None:
    """Return when what residents said is in the inbox: the worker puts it there."""
    path = f"/api/v1/training/inbox?{urlencode({'q': wording.text})}"
    deadline = time.monotonic() + PATIENCE_S
    while not stack.call("GET", path, token=stack.token("trainer1"))[1]["groups"]:
        assert time.monotonic() < deadline, "what residents said never came"
        time.sleep(0.2)


def wait_for_run(view: Page) -> None:
    """Watch the progress until the page has become the comparison."""
    verdict = view.get_by_role("heading", name=re.compile("可以上线|看过再定|不能上线|没有成功"))
    expect(verdict).to_be_visible(timeout=TRAINING_LIMIT_S * 1000)


def everyone_serves(view: Page) -> None:
    """Wait until the page says that all Rasa processes have the production model."""
    expect(view.get_by_role("status").filter(has_text="1 个机器人进程中 1 个已用")).to_be_visible(
        timeout=PATIENCE_S * 1000
    )


@pytest.mark.timeout(2 * TRAINING_LIMIT_S)  # a training beside whatever else the machine does
def test_a_wording_is_learned_and_unlearned(
    town: WeChatStack, stack: Stack, browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    wording = unknown(stack)
    known = answer(stack, wording.plain)
    before = answer(stack, wording.text)
    assert before != known
    known_there = answer_in_wechat(town, wording.plain)
    before_there = answer_in_wechat(town, wording.text)
    assert before_there != known_there
    for _ in range(3):  # several residents say it
        assert answer(stack, wording.text) == before
    heard(stack, wording)

    view = log_in(browser, stack, "trainer1", DESK)
    began = time.monotonic()
    teach(view, stack, wording)
    taught = time.monotonic()
    talk = Talk([stack.chat() for _ in range(TALKERS)])
    with talk:
        view.goto(f"{stack.url}/console/training/runs")
        view.get_by_role("button", name="开始训练").click()
        expect(view.get_by_role("progressbar")).to_be_visible()
        shot(view, "learning-run")
        wait_for_run(view)
        compared = time.monotonic()
        shot(view, "learning-comparison")
        fits(view)
        expect(view.get_by_text("这次教的 1 句，学会 1 句", exact=False).first).to_be_visible()
        assert answer(stack, wording.text) == before  # training alone changes nothing
        compared_at, view = view.url, log_in(browser, stack, "admin1", DESK)
        view.goto(compared_at)
        reason = view.get_by_label("为什么还是要上线")
        if reason.count():
            reason.fill("这句话居民常说")
        view.get_by_role("button", name="上线", exact=True).click()
        released = time.monotonic()
        everyone_serves(view)
        served = time.monotonic()
        shot(view, "learning-models")
        assert answer(stack, wording.text) == known
        assert answer_in_wechat(town, wording.text) == known_there
        time.sleep(3)  # the others talk on with the new model
        settled = time.monotonic()

        view.get_by_text("退回上一个模型").click()
        view.get_by_role("button", name="退回", exact=True).click()
        everyone_serves(view)
        assert answer(stack, wording.text) == before
        assert answer_in_wechat(town, wording.text) == before_there
    in_change = talk.slowest(released, settled)
    with capsys.disabled():
        sys.stdout.write(
            f"\nlearned {wording.text!r} = {wording.intent}, in seconds: teach {taught - began:.0f}, "
            f"train and compare {compared - taught:.0f}, release to served {served - released:.1f}, "
            f"first click to production {served - began:.0f}; meanwhile {len(talk.turns)} turns of "
            f"others, errors {talk.errors}, 95 of 100 answered within {talk.usual():.2f} s, slowest "
            f"during the change {in_change:.2f} s, at all {talk.slowest(0, time.monotonic()):.2f} s\n"
        )
    assert not talk.errors
    assert len(talk.turns) > 20
    assert in_change < ANSWER_LIMIT_S and talk.usual() < ANSWER_LIMIT_S / 2

    history = stack.call("GET", "/api/v1/training/releases", token=stack.token("admin1"))[1]
    assert [r["kind"] for r in history["releases"]] == ["rollback", "promote", "file"]
    phone = log_in(browser, stack, "trainer1", PHONE)
    for page in ("training/runs", "training/models"):
        phone.goto(f"{stack.url}/console/{page}")
        fits(phone)
