"""WeChat's flat XML: what is pushed, and a strict reading of what comes back."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping


class NotWellFormed(ValueError):
    """This is not XML as WeChat takes it; the message says why."""


def render(fields: Mapping[str, str | int]) -> str:
    """Return ``<xml>`` with a child a field; numbers bare, text in CDATA, as WeChat writes it."""
    children = "".join(f"<{name}>{_value(value)}</{name}>\n" for name, value in fields.items())
    return f"<xml>{children}</xml>"


def parse(raw: bytes | str) -> ET.Element:
    """Return the root; raise :class:`NotWellFormed` for all that is not plain XML."""
    data = raw.encode() if isinstance(raw, str) else raw
    if b"<!DOCTYPE" in data:
        raise NotWellFormed("a document type declaration")
    try:
        root = ET.fromstring(data)
    except ET.ParseError as error:
        raise NotWellFormed(str(error)) from error
    if root.tag != "xml":
        raise NotWellFormed(f"the root is <{root.tag}>, not <xml>")
    names = [child.tag for child in root]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise NotWellFormed(f"more than one of {sorted(twice)}")
    return root


def _value(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    # A CDATA section cannot hold its own end; two sections can.
    return "<![CDATA[" + value.replace("]]>", "]]]]><![CDATA[>") + "]]>"
