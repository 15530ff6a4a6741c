"""What ``/docs.json`` says, from the same tables that the service acts on."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from farside import __version__
from farside.recipe import Recipe
from service.errors import RETRY, STATUS, ClientGoneError
from service.form import MAX_TEXT_BYTES, Format
from service.settings import Settings

Schema = dict[str, Any]
"""A part of an OpenAPI document, which is JSON and has no narrower type."""

_REF = "#/components/schemas/{model}"
_STRING: Schema = {"type": "string"}
_FILES: Schema = {
    "type": "array",
    "minItems": 1,
    "items": {"type": "string", "contentMediaType": "application/octet-stream"},
}


def document(settings: Settings) -> Schema:
    """Write the OpenAPI document of a service with these settings."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Farside",
            "version": __version__,
            "summary": "Magnetograms of the side of the Sun that no magnetograph sees",
            "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
        },
        "servers": [{"url": "/"}],
        "paths": {
            "/generate": {"post": _generate(settings)},
            "/models": {"get": _get("models", "The loaded models.", "application/json", "Models")},
            "/livez": {"get": _get("livez", "The process lives.", "text/plain")},
            "/readyz": {"get": _readyz()},
            "/metrics": {"get": _get("metrics", "Prometheus metrics.", "text/plain")},
            "/docs.json": {"get": _get("docs", "This document.", "application/json", "OpenAPI")},
            "/": {"get": _get("page", "A form to try the service with.", "text/html")},
        },
        "components": {"schemas": _schemas()},
    }


def _generate(settings: Settings) -> Schema:
    return {
        "operationId": "generate",
        "summary": "Make the magnetogram that the far-side spacecraft would have measured",
        "description": "The name of a part decides the role of its file, the header of the file "
        "decides the channel; files in any order, plain or gzipped.",
        "requestBody": {
            "required": True,
            "description": f"At most {settings.max_upload_mb:g} MB in all.",
            "content": {"multipart/form-data": {"schema": _form()}},
        },
        "responses": {
            "200": {
                "description": "The magnetogram.",
                "headers": _product_headers(),
                "content": {
                    "application/fits": {"schema": {}},
                    "image/png": {"schema": {}},
                },
            },
            **{str(status): _error(status) for status in sorted(_statuses())},
        },
    }


def _form() -> Schema:
    return {
        "type": "object",
        "required": ["observation"],
        "additionalProperties": False,
        "properties": {
            "observation": _FILES | {"description": "FITS files of the far-side spacecraft."},
            "reference": _FILES
            | {"description": "FITS files of the front side, as the model wants."},
            "model": {
                "type": "string",
                "maxLength": MAX_TEXT_BYTES,
                "description": "One of GET /models; the default model if left out.",
            },
            "format": {"type": "string", "enum": list(Format), "default": Format.FITS},
        },
    }


def _product_headers() -> Schema:
    texts = {
        "X-Request-Id": "As the client sent it, or made here.",
        "X-Farside-Model": "Name and version of the model.",
        "X-Farside-Identity": "sha256 of the model's tensors.",
        "X-Farside-Quality": "Quality bits as a number, then their names.",
        "Content-Disposition": "A name for the file.",
    }
    return {name: {"description": text, "schema": _STRING} for name, text in texts.items()}


def _statuses() -> set[int]:
    """Every status that the table of errors can give to a client that is still there."""
    return set(STATUS.values()) - {STATUS[ClientGoneError]}


def _error(status: int) -> Schema:
    headers = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return {
        "description": HTTPStatus(status).phrase,
        "content": {"application/json": {"schema": _ref("Error")}},
        **({"headers": headers} if status in RETRY else {}),
    }


def _get(name: str, summary: str, media_type: str, schema: str = "") -> Schema:
    content = _ref(schema) if schema else _STRING
    return {
        "operationId": name,
        "summary": summary,
        "responses": {
            "200": {"description": summary, "content": {media_type: {"schema": content}}},
            "500": _error(500),
        },
    }


def _readyz() -> Schema:
    ready = _get("readyz", "Every model has answered a test input.", "text/plain")
    return ready | {"responses": ready["responses"] | {"503": _error(503)}}


def _ref(schema: str) -> Schema:
    return {"$ref": _REF.format(model=schema)}


def _schemas() -> Schema:
    recipe = Recipe.model_json_schema(mode="serialization", ref_template=_REF)
    parts = recipe.pop("$defs")
    identity = {"type": "string", "description": "sha256 of the tensors.", "pattern": "^[0-9a-f]+$"}
    recipe["properties"] = {"identity": identity} | recipe["properties"]
    recipe["required"] = ["identity", *recipe["required"]]
    return {
        **parts,
        "Model": recipe,
        "Models": {
            "type": "object",
            "required": ["models"],
            "additionalProperties": False,
            "properties": {"models": {"type": "array", "items": _ref("Model")}},
        },
        "Error": {
            "type": "object",
            "required": ["error", "type", "files", "request_id"],
            "additionalProperties": False,
            "properties": {
                "error": {"type": "string", "description": "What is wrong, got and wanted."},
                "type": {"type": "string", "description": "Class of farside.errors."},
                "files": {
                    "type": "array",
                    "items": _STRING,
                    "description": "By instrument, band and time, or by name.",
                },
                "request_id": _STRING,
            },
        },
        "OpenAPI": {"type": "object", "required": ["openapi", "info", "paths"]},
    }
