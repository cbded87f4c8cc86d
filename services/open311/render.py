"""JSON and XML from one document, as GeoReport v2 maps one onto the other. Pure.

A list becomes an element with one child for each item, named in the singular; JSON leaves the root
away. What is not known is null, or an empty element.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

MIME = {"json": "application/json", "xml": "text/xml"}
ITEMS: Mapping[str, str] = {
    "services": "service", "service_requests": "request", "attributes": "attribute",
    "values": "value", "errors": "error", "endpoints": "endpoint", "formats": "format",
}  # fmt: skip
"""Name of a list → name of one item."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(root: str, content: Any, form: str) -> str:
    """Return a document.

    Args:
        root: Name of the root element (``services``, ``service_requests`` …).
        content: A mapping or a list of mappings.
        form: ``json`` or ``xml``.
    """
    if form == "json":
        return json.dumps(content, ensure_ascii=False)
    element = Element(root)
    _fill(element, content)
    text: str = tostring(element, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}'


def _fill(element: Element, content: Any) -> None:
    match content:
        case None:
            return
        case bool():
            element.text = "true" if content else "false"
        case Mapping():
            for name, value in content.items():
                _fill(SubElement(element, name), value)
        case list():
            for item in content:
                _fill(SubElement(element, ITEMS[element.tag]), item)
        case _:
            element.text = _NOT_XML.sub("", str(content))
