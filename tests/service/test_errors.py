import pytest

from farside import errors
from service.errors import STATUS, UNEXPECTED, describe, describe_status, status_of

CLASSES = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, errors.FarsideError)
]

DOCUMENTED = {
    "NotFitsError": 400,
    "UnreadablePictureError": 400,
    "RequestError": 400,
    "FileTooLargeError": 413,
    "UnsupportedImageError": 422,
    "MissingMetadataError": 422,
    "ImplausibleGeometryError": 422,
    "PartialDiskError": 422,
    "NoDiskError": 422,
    "SideCarError": 422,
    "BadQualityError": 422,
    "DamagedImageError": 422,
    "IncompleteSetError": 422,
    "UnexpectedImageError": 422,
    "DuplicateChannelError": 422,
    "TimesApartError": 422,
    "ReferenceEpochError": 422,
    "UnknownModelError": 422,
    "EngineFailedError": 424,
    "OverloadedError": 429,
    "EngineUnavailableError": 503,
    "DeadlineError": 504,
}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_each_error_has_its_documented_status(name: str) -> None:
    assert status_of(getattr(errors, name)("")) == DOCUMENTED[name]


@pytest.mark.parametrize("cls", CLASSES)
def test_every_error_of_the_tree_has_a_status(cls: type[errors.FarsideError]) -> None:
    assert 400 <= status_of(cls("")) < 600


def test_an_error_keeps_its_sentence_type_and_files() -> None:
    status, body = describe(errors.BadQualityError("bit 3", ("AIA 304 x",)), "r1")
    assert status == 422
    assert (body.error, body.type, body.files, body.request_id) == (
        "bit 3",
        "BadQualityError",
        ("AIA 304 x",),
        "r1",
    )


def test_a_class_of_the_service_alone_is_named_by_the_tree() -> None:
    for cls in STATUS:
        _, body = describe(cls("x"), "r1")
        assert issubclass(getattr(errors, body.type), errors.FarsideError)


@pytest.mark.parametrize("error", [KeyError("/etc/secret"), errors.CheckpointError("/srv/weights")])
def test_a_fault_of_the_service_is_logged_and_not_shown(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    status, body = describe(error, "r1")
    assert (status, body.error, body.type) == (500, UNEXPECTED, "FarsideError")
    assert "r1" in caplog.text
    assert str(error) in caplog.text


@pytest.mark.parametrize("status", [401, 403, 404, 405, 431, 500, 502, 503, 599])
def test_a_status_of_the_framework_has_a_sentence_and_a_class(status: int) -> None:
    body = describe_status(status, "/x", "r1")
    assert body.error
    assert issubclass(getattr(errors, body.type), errors.FarsideError)
