"""What GeoReport v2 says of each answer, as JSON schemas written from the specification's tables.

(The Open311 project's own schema files carry no licence, so they are not copied here.)
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$"
"""The common subset of ISO 8601 (W3C note), with a zone."""
STRING: Schema = {"type": "string"}
MAYBE: Schema = {"type": ["string", "null"]}
NUMBER: Schema = {"type": ["number", "null"]}
WHEN: Schema = {"type": "string", "pattern": TIME}
MAYBE_WHEN: Schema = {"type": ["string", "null"], "pattern": TIME}


def _object(required: str, properties: Schema) -> Schema:
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties,
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


SERVICES = _list(
    _object(
        "service_code service_name description metadata type keywords group",
        {
            "service_code": STRING, "service_name": STRING, "description": MAYBE,
            "metadata": {"type": "boolean"}, "type": {"enum": ["realtime", "batch", "blackbox"]},
            "keywords": MAYBE, "group": MAYBE,
        },
    )
)  # fmt: skip
DEFINITION = _object(
    "service_code attributes",
    {
        "service_code": STRING,
        "attributes": _list(
            _object(
                "variable code datatype required datatype_description order description",
                {
                    "variable": {"type": "boolean"}, "code": STRING, "required": {"type": "boolean"},
                    "datatype": {
                        "enum": ["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]
                    },
                    "datatype_description": MAYBE, "order": {"type": "integer", "minimum": 1},
                    "description": MAYBE,
                    "values": _list(_object("key name", {"key": STRING, "name": STRING})),
                },
            )
        ),
    },
)  # fmt: skip
REQUESTS = _list(
    _object(
        "service_request_id status service_name service_code requested_datetime updated_datetime",
        {
            "service_request_id": STRING, "status": {"enum": ["open", "closed"]}, "status_notes": MAYBE,
            "service_name": STRING, "service_code": STRING,
            "description": {"type": ["string", "null"], "maxLength": 4000},
            "agency_responsible": MAYBE, "service_notice": MAYBE, "requested_datetime": WHEN,
            "updated_datetime": WHEN, "expected_datetime": MAYBE_WHEN, "address": MAYBE,
            "address_id": MAYBE, "zipcode": MAYBE, "lat": NUMBER, "long": NUMBER, "media_url": MAYBE,
        },
    )
)  # fmt: skip
_NOTICED = {"service_notice": MAYBE, "account_id": MAYBE}
FILED: Schema = {
    "type": "array", "minItems": 1, "maxItems": 1,
    "items": {
        "oneOf": [
            _object("service_request_id", {"service_request_id": STRING, **_NOTICED}),
            _object("token", {"token": STRING, **_NOTICED}),
        ]
    },
}  # fmt: skip
TOKEN = _list(_object("service_request_id token", {"service_request_id": STRING, "token": STRING}))
ERRORS: Schema = {
    "type": "array", "minItems": 1,
    "items": _object("code description", {"code": {"type": "integer"}, "description": STRING}),
}  # fmt: skip
DISCOVERY = _object(
    "changeset contact key_service endpoints",
    {
        "changeset": WHEN, "contact": STRING, "key_service": STRING,
        "endpoints": _list(
            _object(
                "specification url changeset type formats",
                {
                    "specification": {"const": "http://wiki.open311.org/GeoReport_v2"}, "url": STRING,
                    "changeset": WHEN, "type": {"enum": ["production", "test", "development"]},
                    "formats": {"type": "array", "contains": {"const": "text/xml"}},
                },
            )
        ),
    },
)  # fmt: skip
