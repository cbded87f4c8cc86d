"""What residents are told is data (data/texts), never a string in Python, in the widget's script or in a template."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.web.widget.bundle import SOURCE

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "services" / "web" / "templates"
WALKED = ("actions", "bot", "services/channels")
"""Folders whose Python residents hear."""
ALSO = (
    "services/words.py", "services/web/pages.py", "services/web/widget/bundle.py",
    "services/catalogue/meals.py", "services/catalogue/bookings.py",
    "services/bookings/places.py", "services/bookings/service.py", "services/bookings/waiting_list.py",
    "services/tickets/core/callbacks.py", "services/tickets/core/numbers.py", "services/tickets/core/clocks.py",
    "services/tickets/core/calendar.py", "services/tickets/core/limits.py",
    "services/db/engine.py", "services/people/residents.py", "services/consents/records.py",
    "services/web/middlewares.py", "services/web/routing.py", "services/web/csrf.py", "services/web/auth.py",
    "services/web/api/chat.py", "services/web/api/internal.py", "services/web/api/catalogue.py",
    "services/web/notices.py", "services/web/public_report.py", "services/web/widget/pages.py",
)  # fmt: skip
"""Other files that say something to residents, or could."""
REFUSES: dict[str, frozenset[str]] = {
    "services/tickets/service.py": frozenset({
        "工单刚刚有了新变化，请看过最新情况再操作。", "这件工单不在您的工作范围内。",
    }),
    "services/tickets/core/decide.py": frozenset({
        "您的角色不能登记诉求，请由社区窗口、网格员登记。", "调解员只登记要调解的事，别的请由社区窗口、网格员登记。",
        "请先选择结果。", "请选择。", "填写有误：", "您的角色不能做“", "这件工单不在您的工作范围内。", "工单现在是“", "”，不能",
    }),
    "services/limits.py": frozenset(),
    "services/once.py": frozenset(),
    "services/web/validation.py": frozenset(),
}  # fmt: skip
"""Files that refuse residents beside much that staff alone are told: refusals are looked at → what staff alone read."""
ERRORS = frozenset({"LindaError", "Refusal", "ValueError"})
DESCRIBES = frozenset({"summary", "description", "json_schema_extra", "media"})
"""What a route or a field is, for who writes programs (docs/api.md)."""
LEFT_OUT = {
    # files of those folders that no resident hears, and who reads what stands there
    "bot/command.py": "whoever starts it",
    "bot/evaluate.py": "whoever trains the model",
    "bot/evaluation/page.py": "whoever trains the model",
    "bot/linda_channel.py": "our own gateway, which tells residents in words of its own",
    "bot/model_archive.py": "whoever runs the model",
    "bot/model_source.py": "whoever runs the model",
    "bot/model_watch.py": "whoever runs the model; and what a new one is tried with",
    "bot/serve.py": "whoever starts it",
    "bot/settings.py": "whoever starts it",
    "bot/train.py": "whoever trains the model",
    "bot/trainer.py": "whoever trains the model",
    "bot/training_files.py": "whoever trains the model",
    "services/channels/wechat/accounts.py": "whoever sets up the account",
    "notice_ticket.html": "the desk, where it chooses what is printed; the sheet's words are data",
}
HEARS = "bot/understanding/"
"""Is made of patterns, put together from parts: only what ends like a sentence is one there."""
CHINESE = re.compile("[\u4e00-\u9fff]")
WORD = 2
"""From so many Chinese characters on a string is a word; a single one is a unit (\u5e74, \u6708, \u65e5) or an ending."""
MARKS = re.compile("[\uff0c\u3002\uff01\uff1f\uff1a\uff1b]")
"""Marks that stand in sentences; ``\u3001`` only joins words, brackets only hold them."""
MATCHED = frozenset({"split", "startswith", "endswith", "removeprefix", "removesuffix", "replace"})
"""Methods whose strings are looked for in what was said, never said."""
_ENDS_SO = re.compile("^[^\\[\\]()|\\\\?*+]*[\u3002\uff01\uff1f]$")
"""A whole sentence, without a sign of patterns."""
ALLOWED = {
    "一二三四五六日": "names of the days, by their place in the week",
    "零一两三四五六七八九十": "digits, by their value",
    "那就还也": "little words, each looked for in what was said",
    "网格": "looked for in what was said",
    "上午": "part of a day, by its code",
    "中午": "part of a day, by its code",
    "下午": "part of a day, by its code",
    "傍晚": "part of a day, by its code",
    "晚上": "part of a day, by its code",
    "先停送，等居民说接着送": "why an order is withdrawn, on record for staff",
    "日星期": "marks of a date",
    "零一二三四五六七八九": "digits, by their value",
    "零幺二三四五六七八九": "digits as they are read aloud, by their value",
    "【收到不支持的消息类型，暂无法显示】": "what WeChat sends in place of a message, looked for",
    "[位置]": "stands in the dialogue for a place that was sent; the model was trained with it",
    "[图片]": "stands in the dialogue for a photo that was sent; the model was trained with it",
    "次回访未答复，已告知居民": "why the system closed a ticket, on record for staff",
    "对方回了 ": "how calling the duty phone went, on record for staff",
    "紧急情况": "why somebody is called, for staff",
    "居民要找工作人员": "why somebody is called, for staff",
    "系统没能回答": "why somebody is called, for staff",
    "请先登录；登录可能已经过期。": "refused to staff",
    "不能做这件事，需要：": "refused to staff",
    "照片：JPEG、PNG、WebP……": "docs/api.md, for who writes programs",
    "（紧急情况，没有文字）": "on record for staff",
    "本人": "who took a consent back, on the audit's record",
    "（照片或位置）": "what was sent, where staff are called",
    "没有找到这条转人工。": "refused to staff",
    "这次对话已经交还给机器人了。": "refused to staff",
    "正在跟这位居民说话。": "refused to staff",
    "放假的起止日期写反了：": "whoever puts in a notice of holidays",
    "既放假又上班：": "whoever puts in a notice of holidays",
    "缺少或写错了：": "whoever puts in a notice of holidays",
    "工作日历文件有误：": "whoever sets up the calendar",
    "时限写法有误：": "whoever sets up limits",
    "（应如 15m、2h、7d、2wh、5wd）": "whoever sets up limits",
    "回访：居民说已经解决了。": "what a resident answered, on record for staff",
    "回访：居民说还没有解决。": "what a resident answered, on record for staff",
}


def sentences(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of every string that says a word: of a sentence, a button, a heading.

    Left out is what only understands: patterns (what ``re`` compiles), lists of words (``"…".split()``),
    sets (``{…}``, ``set(…)``, ``frozenset(…)`` of words), comparisons, and keys of mappings.
    """
    tree = ast.parse(source)
    left_out: set[int] = set()
    for node in ast.walk(tree):
        left_out |= {id(each) for part in _understands(node) for each in ast.walk(part)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if not isinstance(text, str) or id(node) in left_out or text in ALLOWED:
            continue
        chinese = len(CHINESE.findall(text))
        if chinese >= WORD or (chinese and MARKS.search(text)):
            yield node.lineno, text


def _understands(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a node whose strings are no words that are said."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node.value
    elif isinstance(node, ast.Compare):
        yield from (
            each for each in (node.left, *node.comparators) if not isinstance(each, ast.Call)
        )
    elif isinstance(node, ast.Set):
        yield from (each for each in node.elts if not MARKS.search(ast.unparse(each)))
    elif isinstance(node, ast.Dict):
        yield from (key for key in node.keys if key)
    elif isinstance(node, ast.Call):
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        if isinstance(owner, ast.Name) and owner.id == "re":
            yield node
        elif isinstance(node.func, ast.Attribute) and node.func.attr in MATCHED:
            yield from node.args
            if node.func.attr == "split":
                yield node.func.value
        elif isinstance(node.func, ast.Name) and node.func.id in ("set", "frozenset"):
            yield from (a for a in node.args if isinstance(a, ast.Constant | ast.Tuple))
        elif isinstance(node.func, ast.Name) and node.func.id == "Routes":
            yield from node.args
        yield from (k.value for k in node.keywords if k.arg in DESCRIBES)


def refusals(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of every word that stands in the making of an error, unless it is said to staff alone."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) in ERRORS:
            yield from ((node.lineno, text) for _, text in sentences(ast.unparse(node)))


def _python() -> Iterator[Path]:
    for folder in WALKED:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if ".venv" not in path.parts and _name(path) not in LEFT_OUT:
                yield path
    yield from (ROOT / name for name in ALSO)


def _name(path: Path) -> str:
    return path.name if path.parent == TEMPLATES else path.relative_to(ROOT).as_posix()


def in_script(source: str) -> Iterator[str]:
    """Yield the lines of a script that have a Chinese word beside their comments."""
    bare = re.sub(r"/\*.*?\*/|(?<![:\"'])//[^\n]*", "", source, flags=re.S)
    for line in bare.splitlines():
        if CHINESE.search(line) and not any(f'"{text}"' in line for text in ALLOWED):
            yield line.strip()


def in_template(source: str) -> Iterator[str]:
    """Yield the lines of a template that have a Chinese word beside its comments."""
    for line in re.sub(r"\{#.*?#\}|<!--.*?-->", "", source, flags=re.S).splitlines():
        if CHINESE.search(line):
            yield line.strip()


FILES = list(_python())
SCRIPTS = sorted(SOURCE.glob("*.js"))
PAGES = [p for p in sorted(TEMPLATES.glob("*.html")) if p.name not in LEFT_OUT]


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_no_sentence_for_residents_stands_in_python(path: Path) -> None:
    ends = _ENDS_SO if _name(path).startswith(HEARS) else re.compile("")
    found = [
        f"line {line}: {text}"
        for line, text in sentences(path.read_text(encoding="utf-8"))
        if ends.search(text)
    ]
    assert found == [], "put it into data/texts and say() it"


@pytest.mark.parametrize("name", REFUSES)
def test_no_refusal_that_a_resident_can_meet_stands_in_python(name: str) -> None:
    found = {text for _, text in refusals((ROOT / name).read_text(encoding="utf-8"))}
    assert found == REFUSES[name], (
        "put it into pieces.yml (refused), or say here that staff read it"
    )


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (
            'raise LindaError("leaf_unknown", f"没有编号为{leaf}的事项。", 422)',
            ["没有编号为", "的事项。"],
        ),
        ('return Refusal("unknown_action", "没有这个操作。")', ["没有这个操作。"]),
        ('raise ValueError("还没写字" if text else other)', ["还没写字"]),
        ('raise refusal("unknown_action", 404)', []),
        ('label = "核对代办"', []),
    ],
)
def test_the_check_of_refusals(source: str, found: list[str]) -> None:
    assert [text for _, text in refusals(source)] == found


@pytest.mark.parametrize("path", SCRIPTS, ids=_name)
def test_no_word_stands_in_the_widgets_script(path: Path) -> None:
    assert list(in_script(path.read_text(encoding="utf-8"))) == [], "put it into widget.yml"


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_no_word_stands_in_the_pages_of_residents(path: Path) -> None:
    assert list(in_template(path.read_text(encoding="utf-8"))) == [], "put it into page.yml"


def test_the_walk_finds_them() -> None:
    assert len(FILES) > 120 and len(SCRIPTS) >= 10 and {"resident.html", "report.html"} <= {
        p.name for p in PAGES
    }  # fmt: skip


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ('say("failed");', []),
        ('/* 说明\n可以写中文 */\nsay("failed"); // 也可以写', []),
        ('const DIGITS = "零幺二三四五六七八九";', []),
        ('button.textContent = "再发一次";', ['button.textContent = "再发一次";']),
        ("const url = `https://${host}/${'看'}`;", ["const url = `https://${host}/${'看'}`;"]),
    ],
)
def test_the_check_of_the_script(script: str, found: list[str]) -> None:
    assert list(in_script(script)) == found


def test_the_check_of_a_page() -> None:
    page = "{# 说明 #}<p>{{ words.person }}</p>\n<p>想找真人</p>"
    assert list(in_template(page)) == ["<p>想找真人</p>"]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('turn.tell("好的，记下了")', True),
        ('words = f"{name}今天中午不做饭"', True),
        ('"""文档里写中文没关系，这是说明。"""', False),
        ('x = re.compile("不要|别送|先别送了")', False),
        ('x = "对 对的 对呀 好的 行".split()', False),
        ('x = frozenset("了着住上下来去")', False),
        ('x = frozenset({"好的，这就去办理"})', True),
        ('button("跳过", "/deny")', True),
        ('yes = {"title": "先不办", "payload": "/deny"}', True),
        ('lines = [("哪一顿", meal), ("几份", n)]', True),
        ('SCORES = {5: "非常满意", 4: "满意"}', True),
        ('what = ticket.title or "您报的事"', True),
        ('words = f"{n}份"', False),
        ('if kind == "办事": pass', False),
        ('if words in {"跳过", "先跳过"}: pass', False),
        ('title = "跳过" if words.endswith("不是") else "人工"', True),
        ('names = {"姥姥": 1}', False),
    ],
)
def test_the_check_itself(source: str, found: bool) -> None:
    assert bool(list(sentences(source))) is found


def test_what_is_allowed_is_still_there() -> None:
    everything = "\n".join(p.read_text(encoding="utf-8") for p in (*FILES, *SCRIPTS))
    everything += (ROOT / "bot/linda_channel.py").read_text(encoding="utf-8")
    assert [text for text in ALLOWED if text not in everything] == []
    for name in LEFT_OUT:
        assert (TEMPLATES / name if name.endswith(".html") else ROOT / name).exists(), name
