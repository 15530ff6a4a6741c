"""The OpenAPI document tells the truth: against the tables, and against the running service."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.local_triton.processes import PATIENCE_S
from farside.model.recipe import Recipe
from service.errors import STATUS
from service.multipart import Form
from service.openapi import document
from service.routes import ROUTES
from service.schemas import GenerateForm, SynchronicForm
from service.settings import Settings
from tests.support.live import Server


@pytest.fixture(scope="module")
def api() -> dict[str, Any]:
    return document(Settings(max_upload_mb=123))


def test_every_endpoint_is_described_with_its_method(api: dict[str, Any]) -> None:
    described = {
        (path, method.upper())
        for path, item in api["paths"].items()
        for method in item.keys() - {"parameters"}
    }
    routed = {
        (route.path, method) for route in ROUTES for method in (route.methods or set()) - {"HEAD"}
    }
    assert described == routed | {("/livez", "GET"), ("/readyz", "GET")}


FORMS = pytest.mark.parametrize(
    ("path", "form"), [("/generate", GenerateForm), ("/synchronic", SynchronicForm)]
)


@FORMS
def test_an_endpoint_lists_the_fields_that_its_form_takes(
    path: str, form: type[Form], api: dict[str, Any]
) -> None:
    body = api["paths"][path]["post"]["requestBody"]
    reference = body["content"]["multipart/form-data"]["schema"]["$ref"]
    described = api["components"]["schemas"][reference.rpartition("/")[2]]
    assert set(described["properties"]) == {*form.file_fields(), *form.text_fields()}
    assert "null" not in str(described["properties"])
    assert described["additionalProperties"] is False
    assert "123 MB" in body["description"]


@FORMS
def test_an_endpoint_lists_every_status_of_the_table_of_errors(
    path: str, form: type[Form], api: dict[str, Any]
) -> None:
    responses = api["paths"][path]["post"]["responses"]
    assert set(responses) == {"200"} | {str(status) for status in STATUS.values() if status != 499}


def test_a_model_is_described_by_the_recipe(api: dict[str, Any]) -> None:
    model = api["components"]["schemas"]["Model"]
    assert set(model["properties"]) == {"identity", *Recipe.model_fields}


def test_the_running_service_keeps_to_its_document(server: Server, tmp_path: Path) -> None:
    limits = ["--max-examples", "20", "--seed", "1", "--phases", "examples,coverage,fuzzing"]
    limits += ["--request-timeout", "120"]
    # The document cannot say that a binary string must be the FITS file of a certain instrument.
    limits += ["--exclude-checks", "positive_data_acceptance"]
    done = subprocess.run(  # noqa: S603  # our own arguments
        [sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/docs.json", *limits],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
