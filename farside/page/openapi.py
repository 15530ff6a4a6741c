"""OpenAPI of the archive's addresses, from the table that answers them."""

from __future__ import annotations

import re
from typing import Any

from pydantic import TypeAdapter

from farside.page.api import ENDPOINTS, Endpoint

Schema = dict[str, Any]
"""Part of an OpenAPI document, which is JSON and has no narrower type."""

_REF = "#/components/schemas/{model}"

_PATH_TEXTS = {
    "id": "id of a product, from /archive/products",
    "layer": "name of a layer",
    "format": "name of a format",
    "region": "name of a region, from /archive/{id}/regions",
}


def archive_paths(errors: Schema) -> Schema:
    """Paths of the archive.

    Parameters
    ----------
    errors
        Responses of errors by status, which all addresses share.
    """
    return {
        each.path: {"get": _operation(each) | {"responses": _answers(each, errors)}}
        for each in ENDPOINTS
    }


def archive_schemas() -> Schema:
    """Schemas of the JSON bodies and of what they refer to."""
    found: Schema = {}
    for body in {each.body for each in ENDPOINTS if each.body is not None}:
        schema = TypeAdapter(body).json_schema(mode="serialization", ref_template=_REF)
        found |= schema.pop("$defs", {}) | {body.__name__: schema}
    return dict(sorted(found.items()))


def _operation(endpoint: Endpoint) -> Schema:
    in_path = re.findall(r"\{(\w+)\}", endpoint.path)
    name = re.sub(r"\W+", "_", endpoint.path).strip("_")
    return {
        "operationId": name,
        "tags": ["archive"],
        "summary": endpoint.summary,
        "parameters": [
            *(_parameter(each, "path", _PATH_TEXTS[each]) for each in in_path),
            *(_parameter(each, "query", text) for each, text in endpoint.parameters.items()),
        ],
    }


def _parameter(name: str, place: str, text: str) -> Schema:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": text,
        "schema": {"type": "string"},
    }


def _answers(endpoint: Endpoint, errors: Schema) -> Schema:
    if endpoint.body is None:
        content: Schema = {endpoint.media_type: {"schema": {}}}
    else:
        reference = {"$ref": _REF.format(model=endpoint.body.__name__)}
        content = {"application/json": {"schema": reference}}
    headers = {
        "ETag": {"description": "For If-None-Match and If-Range.", "schema": {"type": "string"}}
    }
    good = {"description": endpoint.summary, "headers": headers, "content": content}
    return {
        "200": good,
        "206": {"description": "The part that Range asked for.", "content": content},
        "304": {"description": "Not modified since If-None-Match."},
        **errors,
    }
