"""WeChat's XML: one flat element ``<xml>``, a child a field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, however they are escaped."""


class BadXml(Exception):
    """Not XML, or not of this shape."""


class HostileXml(Exception):
    """A document type, entities or references to elsewhere: WeChat never sends these."""


def parse(data: bytes) -> dict[str, str]:
    """Return the fields; nested ones are left out, of a repeated one the last is not guessed at.

    Raises:
        HostileXml: A document type declaration, even a harmless one.
        BadXml: No well-formed ``<xml>``, or a field twice.
    """
    try:
        root = fromstring(data, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except DefusedXmlException as error:
        raise HostileXml(type(error).__name__) from None
    except (ParseError, ValueError, LookupError) as error:
        raise BadXml(str(error)) from None
    if root.tag != "xml":
        raise BadXml("the root is not <xml>")
    fields: dict[str, str] = {}
    for child in root:
        if child.tag in fields:
            raise BadXml("a field twice")
        if len(child) == 0:
            fields[child.tag] = child.text or ""
    return fields


def render(fields: Mapping[str, str | int]) -> bytes:
    """Return ``<xml>``: texts in CDATA, numbers bare, as WeChat's own examples."""
    children = "".join(f"<{name}>{_value(value)}</{name}>" for name, value in fields.items())
    return f"<xml>{children}</xml>".encode()


def clean(text: str) -> str:
    """Return a text without what XML cannot hold."""
    return _NOT_XML.sub("", text)


def _value(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    # A CDATA section cannot hold its own end; two sections can.
    return f"<![CDATA[{clean(value).replace(']]>', ']]]]><![CDATA[>')}]]>"
