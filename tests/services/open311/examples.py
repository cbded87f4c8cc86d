"""The shape of the examples that GeoReport v2 publishes with each call (wiki.open311.org/GeoReport_v2).

Only their structure is taken down here: which element stands in which, and of the JSON which names with
which kind of value. Their texts are the specification's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Outline = Mapping[str, Any]
"""Element → its elements; an empty mapping is a leaf. In JSON a list holds what is under ``*``."""


def _fields(names: str, **inner: Outline) -> dict[str, Outline]:
    return {name: {} for name in names.split()} | inner


_SERVICE = _fields("service_code service_name description metadata type keywords group")
_ATTRIBUTE = _fields("variable code datatype required datatype_description order description")
_VALUE = _fields("key name")
_REQUEST = _fields(
    "service_request_id status status_notes service_name service_code description agency_responsible "
    "service_notice requested_datetime updated_datetime expected_datetime address address_id zipcode lat "
    "long media_url"
)
_FILED = _fields("service_request_id token service_notice account_id")
_TOKEN = _fields("service_request_id token")


@dataclass(frozen=True)
class Example:
    """One published example, in XML and in JSON."""

    xml: Outline
    json: Outline


EXAMPLES: Mapping[str, Example] = {
    "GET services": Example({"services": {"service": _SERVICE}}, {"*": _SERVICE}),
    "GET services/{service_code}": Example(
        {
            "service_definition": {
                "service_code": {},
                "attributes": {"attribute": {**_ATTRIBUTE, "values": {"value": _VALUE}}},
            }
        },
        {"service_code": {}, "attributes": {"*": {**_ATTRIBUTE, "values": {"*": _VALUE}}}},
    ),
    "POST requests": Example({"service_requests": {"request": _FILED}}, {"*": _FILED}),
    "GET tokens/{token}": Example({"service_requests": {"request": _TOKEN}}, {"*": _TOKEN}),
    "GET requests": Example({"service_requests": {"request": _REQUEST}}, {"*": _REQUEST}),
    "GET requests/{service_request_id}": Example(
        {"service_requests": {"request": _REQUEST}}, {"*": _REQUEST}
    ),
}
MAY_LACK: Mapping[str, frozenset[str]] = {
    # An attribute has values only when it is a list of them.
    "GET services/{service_code}": frozenset({"values"}),
    # “may not be returned”: the number or a token, a notice, an account.
    "POST requests": frozenset({"service_request_id", "token", "service_notice", "account_id"}),
    "GET requests": frozenset({"zipcode", "media_url", "lat", "long", "status_notes"}),
    "GET requests/{service_request_id}": frozenset(
        {"zipcode", "media_url", "lat", "long", "status_notes"}
    ),
}
"""What the specification lets a server leave out of an answer."""
