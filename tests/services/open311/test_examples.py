"""Every answer has the structure of the example that the specification publishes with its call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from defusedxml import ElementTree

from services.context import Services
from services.outbox.worker import run_due
from tests.services.open311.conftest import BASE, Api, File
from tests.services.open311.examples import EXAMPLES, MAY_LACK, Outline

REALTIME, BATCH = "H6", "G5"
"""A service that answers with a number at once, and one that answers with a token."""


def published(outline: Outline, before: str = "") -> Iterator[str]:
    """Return the paths of an example."""
    for name, inner in outline.items():
        yield f"{before}/{name}"
        yield from published(inner, f"{before}/{name}")


def of_xml(element: Any, before: str = "") -> Iterator[str]:
    """Return the paths of an XML answer."""
    here = f"{before}/{element.tag}"
    yield here
    for child in element:
        yield from of_xml(child, here)


def of_json(value: Any, before: str = "") -> Iterator[str]:
    """Return the paths of a JSON answer; what stands in a list is under ``*``."""
    inside = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        inside = [("*", each) for each in value]
    for name, inner in inside:
        yield f"{before}/{name}"
        yield from of_json(inner, f"{before}/{name}")


def compare(call: str, found: set[str], example: set[str]) -> None:
    """Hold an answer against its example: nothing more, nothing less than may be left out."""
    assert found <= example, f"{call}: more than the example has"
    free = MAY_LACK.get(call, frozenset())
    assert {p for p in example - found if free.isdisjoint(p.split("/"))} == set(), call


async def file_with(api: Api, service: str, form: str) -> str:
    """File a request; return the answer as text."""
    sent = {
        "api_key": api.key, "service_code": service, "address_string": "幸福小区3号楼2单元301",
        "description": "黑了好几天", "account_id": "a1",
    }  # fmt: skip
    answer = await api.client.post(f"{BASE}/requests.{form}", data=sent)
    assert answer.status == 200, await answer.text()
    return await answer.text()


async def answer_to(
    call: str, form: str, api: Api, file_ticket: File, services: Services
) -> list[str]:
    """Return what is answered to a call, as text."""
    method, path = call.split()
    if method == "POST":
        return [await file_with(api, service, form) for service in (REALTIME, BATCH)]
    number = await file_ticket() if "requests" in path else ""
    token = ""
    if "token" in path:
        token = json.loads(await file_with(api, BATCH, "json"))[0]["token"]
        await run_due(services)
    facts = {"service_code": REALTIME, "service_request_id": number, "token": token}
    answer = await api.client.get(f"{BASE}/{path.format(**facts)}.{form}")
    assert answer.status == 200, await answer.text()
    return [await answer.text()]


@pytest.mark.parametrize("form", ["xml", "json"])
@pytest.mark.parametrize("call", EXAMPLES)
async def test_an_answer_has_the_structure_of_the_published_example(
    call: str, form: str, api: Api, file_ticket: File, services: Services
) -> None:
    for text in await answer_to(call, form, api, file_ticket, services):
        if form == "xml":
            assert text.startswith('<?xml version="1.0" encoding="utf-8"?>')
            found = set(of_xml(ElementTree.fromstring(text)))
            compare(call, found, set(published(EXAMPLES[call].xml)))
        else:
            compare(call, set(of_json(json.loads(text))), set(published(EXAMPLES[call].json)))


def test_an_answer_with_another_structure_is_found() -> None:
    call = "GET services"
    example = set(published(EXAMPLES[call].xml))
    whole = set(example)
    for wrong in (whole | {"/services/service/price"}, whole - {"/services/service/type"}):
        with pytest.raises(AssertionError):
            compare(call, wrong, example)
