"""Content of ``/docs.json`` and ``/schema.json``, from the tables that the service acts on."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from farside import __version__
from farside.job import JobStatus
from farside.model.recipe import Recipe
from farside.page.openapi import archive_paths, archive_schemas
from service.errors import RETRY, STATUS, ClientGoneError
from service.job_request import AddressRequest, FetchRequest
from service.keys import open_paths
from service.multipart import Form
from service.schemas import GenerateForm, SynchronicForm
from service.settings import Settings

Schema = dict[str, Any]
"""A part of an OpenAPI document, which is JSON and has no narrower type."""

_REF = "#/components/schemas/{model}"
_STRING: Schema = {"type": "string"}
_JOB_ID: Schema = {"name": "id", "in": "path", "required": True, "schema": _STRING}
_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Under the same key a repeated submission gives the same job; another request"
    " is refused (422).",
    "schema": _STRING | {"pattern": "^[A-Za-z0-9._-]{32,128}$"},
}


_PRODUCT_TYPES = ("application/fits", "image/png")
_MODEL_HEADERS = {
    "X-Farside-Model": "Name and version of the model.",
    "X-Farside-Identity": "sha256 of the model's tensors.",
}


def document(settings: Settings) -> Schema:
    """Write the OpenAPI document of a service with these settings."""
    text: Schema = {
        "openapi": "3.1.0",
        "info": {
            "title": "Farside",
            "version": __version__,
            "summary": "Magnetograms of the side of the Sun that no magnetograph sees",
            "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
        },
        "servers": [{"url": settings.root_path or "/"}],
        "paths": {
            "/generate": {"post": _generate(settings)},
            "/synchronic": {"post": _synchronic(settings)},
            "/jobs": {"post": _submit(settings)},
            "/jobs/{id}": {"get": _job(), "delete": _cancel(), "parameters": [_JOB_ID]},
            "/jobs/{id}/result": {"get": _job_result(), "parameters": [_JOB_ID]},
            "/models": {"get": _get("models", "The loaded models.", "application/json", "Models")},
            "/livez": {"get": _get("livez", "The process lives.", "text/plain")},
            "/readyz": {"get": _readyz()},
            "/metrics": {"get": _get("metrics", "Prometheus metrics.", "text/plain")},
            "/openapi.json": {
                "get": _get("openapi", "This document.", "application/json", "OpenAPI")
            },
            "/docs.json": {"get": _get("docs", "This document.", "application/json", "OpenAPI")},
            "/schema.json": {
                "get": _get("schema", "For BentoML's client.", "application/json", "Endpoints")
            },
            **archive_paths({str(status): _error(status) for status in (400, 404, 416, 500, 503)}),
            "/": {
                "get": _get("page", "The whole Sun, and a form to try the service.", "text/html")
            },
            PAGE_FILES: {"get": _page_file()},
            "/docs": {"get": _get("documentation", "This document, to read.", "text/html")},
        },
        "components": {"schemas": _schemas()},
    }
    if settings.keys_required:
        _require_key(text, open_paths(settings) | {PAGE_FILES})
    return text


PAGE_FILES = "/page/{name}"

METHODS = ("get", "post", "delete")
"""Keys of a path that hold operations; `parameters` is another."""


def _require_key(text: Schema, without: Collection[str]) -> None:
    """Say of all endpoints but some that they need an API key."""
    text["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    for path, operations in text["paths"].items():
        asked = {} if path in without else operations
        for operation in (asked[method] for method in METHODS if method in asked):
            operation["security"] = [{"key": []}]
            operation["responses"] |= {str(status): _error(status) for status in (401, 403)}


def client_schema() -> Schema:
    """Describe the endpoints as ``bentoml.SyncHTTPClient`` reads them from ``/schema.json``."""
    forms: dict[str, type[Form]] = {"generate": GenerateForm, "synchronic": SynchronicForm}
    return {
        "name": "farside",
        "type": "service",
        "routes": [_route(name, form) for name, form in forms.items()],
    }


def _route(name: str, form: type[Form]) -> Schema:
    schema, file = form.model_json_schema(), {"type": "file"}
    for field in form.file_fields():
        repeated = form.is_repeated(field)
        schema["properties"][field] = {"type": "array", "items": file} if repeated else file
    return {"name": name, "route": f"/{name}", "input": schema, "output": file}


def _generate(settings: Settings) -> Schema:
    return {
        "operationId": "generate",
        "summary": "Make the magnetogram that the far-side spacecraft would have measured",
        "description": "The name of a part decides the role of its file, the header of the file "
        "decides the channel; files in any order, plain or gzipped.",
        "requestBody": _body(GenerateForm, settings),
        "responses": _answers("The magnetogram.", _PRODUCT_TYPES, _MODEL_HEADERS),
    }


def _synchronic(settings: Settings) -> Schema:
    return {
        "operationId": "synchronic",
        "summary": "Merge disks and a base map into one map of the whole Sun at one time",
        "description": "Any file may be left out, but not all; what is missing is flagged.",
        "requestBody": _body(SynchronicForm, settings),
        "responses": _answers("The map.", ("application/fits", "application/gzip"), {}),
    }


def _submit(settings: Settings) -> Schema:
    body = _body(GenerateForm, settings)
    kinds = [_ref(FetchRequest.__name__), _ref(AddressRequest.__name__)]
    body["content"] |= {"application/json": {"schema": {"oneOf": kinds}}}
    return {
        "operationId": "submit",
        "summary": "Queue a job that makes a magnetogram, for work longer than a request may take",
        "description": "The form of /generate; or a JSON object that names what to fetch or read, "
        "where the operator allows it.",
        "parameters": [_KEY],
        "requestBody": body,
        "responses": {
            "202": _json("The job, which is kept from now on.", "JobStatus"),
            **{str(status): _error(status) for status in sorted(_statuses())},
        },
    }


def _job() -> Schema:
    answers = {"200": _json("State, progress and place in the queue.", "JobStatus")}
    return _on_job("job", "State of a job", answers, ())


def _cancel() -> Schema:
    answers: Schema = {"204": {"description": "The job is forgotten."}}
    return _on_job("cancel", "Cancel a job, or drop its result", answers, ())


def _job_result() -> Schema:
    answers = _answers("What /generate would have answered.", _PRODUCT_TYPES, _MODEL_HEADERS)
    return _on_job("result", "Result of a job", {"200": answers["200"]}, {*_statuses(), 416})


def _on_job(name: str, summary: str, answers: Schema, statuses: Iterable[int]) -> Schema:
    errors = {str(status): _error(status) for status in sorted({400, 404, 500, *statuses})}
    return {"operationId": name, "summary": summary, "responses": answers | errors}


def _json(summary: str, schema: str) -> Schema:
    return {"description": summary, "content": {"application/json": {"schema": _ref(schema)}}}


def _body(form: type[Form], settings: Settings) -> Schema:
    return {
        "required": True,
        "description": f"At most {settings.max_upload_mb:g} MB in all.",
        "content": {"multipart/form-data": {"schema": _ref(form.__name__)}},
    }


def _answers(summary: str, media_types: tuple[str, ...], headers: dict[str, str]) -> Schema:
    texts = {
        "X-Request-Id": "As the client sent it, or made here.",
        **headers,
        "X-Farside-Quality": "Quality bits as a number, then their names.",
        "Content-Disposition": "A name for the file.",
    }
    return {
        "200": {
            "description": summary,
            "headers": {
                name: {"description": text, "schema": _STRING} for name, text in texts.items()
            },
            "content": {media_type: {"schema": {}} for media_type in media_types},
        },
        **{str(status): _error(status) for status in sorted(_statuses())},
    }


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
            "400": _error(400),
            "500": _error(500),
        },
    }


def _page_file() -> Schema:
    name = {"name": "name", "in": "path", "required": True, "schema": _STRING}
    file = _get("page_file", "A file of the page.", "text/javascript")
    return file | {"parameters": [name], "responses": file["responses"] | {"404": _error(404)}}


def _readyz() -> Schema:
    ready = _get("readyz", "Every model has answered a test input.", "text/plain")
    return ready | {"responses": ready["responses"] | {"503": _error(503)}}


def _ref(schema: str) -> Schema:
    return {"$ref": _REF.format(model=schema)}


def _form(form: type[BaseModel]) -> Schema:
    """Schemas of a form and of what it refers to; a field that is left out is not null."""
    schema = form.model_json_schema(ref_template=_REF)
    for item in schema["properties"].values():
        for choice in item.pop("anyOf", ()):
            item.update(choice if choice != {"type": "null"} else {})
        if item.get("default", True) in (None, []):
            del item["default"]
    return {**schema.pop("$defs", {}), form.__name__: schema}


def _schemas() -> Schema:
    recipe = Recipe.model_json_schema(mode="serialization", ref_template=_REF)
    parts = recipe.pop("$defs")
    identity = {"type": "string", "description": "sha256 of the tensors.", "pattern": "^[0-9a-f]+$"}
    recipe["properties"] = {"identity": identity} | recipe["properties"]
    recipe["required"] = ["identity", *recipe["required"]]
    forms = (_form(form) for form in (GenerateForm, SynchronicForm, FetchRequest, AddressRequest))
    job = JobStatus.model_json_schema(mode="serialization", ref_template=_REF)
    return {
        **parts,
        **{name: schema for form in forms for name, schema in form.items()},
        **job.pop("$defs"),
        JobStatus.__name__: job,
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
                "error": {"type": "string", "description": "What is wrong, got and expected."},
                "type": {"type": "string", "description": "Class of farside.errors."},
                "files": {
                    "type": "array",
                    "items": _STRING,
                    "description": "By instrument, band and time, or by name.",
                },
                "request_id": _STRING,
            },
        },
        **archive_schemas(),
        "Endpoints": {"type": "object", "required": ["name", "type", "routes"]},
        "OpenAPI": {"type": "object", "required": ["openapi", "info", "paths"]},
    }
