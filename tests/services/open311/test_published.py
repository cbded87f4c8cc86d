"""Our schemas against the ones the Open311 project publishes: ours may be stricter, never looser.

Facts taken down from ``schema/georeport-v2/{service,service-definition,request}.json`` and the definitions of
``swagger.json`` of github.com/open311/schema-validation (commit 1116d9305aa646d0ce5b28747d576e681122d371), read on
26 November 2026: which fields there are, which must be there, what may stand in them. The repository carries no
licence, so its files themselves are not kept here; ``swagger.json`` names CC BY 3.0 for the interface it describes.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.open311.schemas import DEFINITION, FILED, REQUESTS, SERVICES, TOKEN

TEXT, MAYBE = {"string"}, {"string", "null"}
TRUTH, WHOLE, MAYBE_NUMBER = {"boolean"}, {"integer", "null"}, {"number", "null"}
ATTRIBUTE = DEFINITION["properties"]["attributes"]["items"]
TYPES = ["realtime", "batch", "blackbox"]
DATATYPES = ["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]

PUBLISHED: dict[str, tuple[dict[str, Any], str, dict[str, set[str]]]] = {
    "service": (
        SERVICES["items"], "service_code service_name metadata type",
        {"service_code": TEXT, "service_name": TEXT, "description": MAYBE, "metadata": TRUTH,
         "type": TEXT, "keywords": MAYBE, "group": MAYBE},
    ),
    "service definition": (
        DEFINITION, "service_code attributes", {"service_code": TEXT, "attributes": {"array"}},
    ),
    "attribute": (
        ATTRIBUTE, "variable code datatype required",
        {"variable": TRUTH, "code": TEXT, "datatype": TEXT, "required": TRUTH,
         "datatype_description": MAYBE, "order": WHOLE, "description": MAYBE, "values": {"array"}},
    ),
    "value of an attribute": (
        ATTRIBUTE["properties"]["values"]["items"], "key name", {"key": TEXT, "name": TEXT},
    ),
    "request": (
        REQUESTS["items"], "service_request_id status service_code requested_datetime",
        {"service_request_id": TEXT, "status": TEXT, "status_notes": MAYBE, "service_name": MAYBE,
         "service_code": TEXT, "description": MAYBE, "agency_responsible": MAYBE,
         "service_notice": MAYBE, "requested_datetime": TEXT, "updated_datetime": MAYBE,
         "expected_datetime": MAYBE, "address": MAYBE, "address_id": MAYBE, "zipcode": MAYBE,
         "lat": MAYBE_NUMBER, "long": MAYBE_NUMBER, "media_url": MAYBE},
    ),
    "answer to a token": (TOKEN["items"], "", {"service_request_id": TEXT, "token": TEXT}),
}  # fmt: skip


def types_of(schema: dict[str, Any]) -> set[str]:
    if "enum" in schema:
        return {"null" if v is None else "string" for v in schema["enum"]}
    given = schema["type"]
    return {given} if isinstance(given, str) else set(given)


@pytest.mark.parametrize("name", PUBLISHED)
def test_ours_is_no_looser_than_the_published_schema(name: str) -> None:
    ours, required, fields = PUBLISHED[name]
    assert set(required.split()) <= set(ours["required"])
    assert set(ours["properties"]) == set(fields), "no field more, none less"
    assert ours["additionalProperties"] is False
    for field, allowed in fields.items():
        assert types_of(ours["properties"][field]) <= allowed, field


def test_the_words_of_a_closed_list_are_the_published_ones() -> None:
    assert SERVICES["items"]["properties"]["type"]["enum"] == TYPES
    assert ATTRIBUTE["properties"]["datatype"]["enum"] == DATATYPES
    assert REQUESTS["items"]["properties"]["status"]["enum"] == ["open", "closed"]
    assert REQUESTS["items"]["properties"]["description"]["maxLength"] == 4000


def test_the_answer_to_a_new_request_has_the_published_fields_only() -> None:
    published = {"service_request_id", "token", "service_notice", "account_id"}
    for kind in FILED["items"]["oneOf"]:
        assert set(kind["properties"]) <= published
