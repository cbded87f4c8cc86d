"""``/`` and ``/widget.js`` as files."""

from __future__ import annotations

import re
from typing import Any

from services.web.widget.bundle import PARTS, SOURCE, widget_script
from tests.services.frontend.test_console import assert_harmless


async def test_resident_page_has_no_inline_code(client: Any) -> None:
    answer = await client.get("/")
    html = await answer.text()
    assert answer.status == 200
    assert_harmless(html)
    assert 'lang="zh-CN"' in html and 'href="tel:119"' in html


async def test_script_is_sent_once(client: Any) -> None:
    first = await client.get("/widget.js")
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    again = await client.get("/widget.js", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304


def test_all_parts_are_in_the_script() -> None:
    assert {f"{part}.js" for part in PARTS} == {file.name for file in SOURCE.glob("*.js")}


def test_script_depends_on_nothing_and_parses_no_html() -> None:
    text = widget_script().text
    assert not re.search(r"\bimport\b|\brequire\(|\beval\(|new Function", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", text)
    # The only address in it is the name of SVG's namespace.
    assert set(re.findall(r"https?://[^\s\"']+", text)) == {"http://www.w3.org/2000/svg"}
