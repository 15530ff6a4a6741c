"""Errors → HTTP: the one table of status codes, and the one shape of an error."""

from __future__ import annotations

import logging
import re
from dataclasses import asdict, dataclass
from http import HTTPStatus

from starlette.responses import JSONResponse

from farside import errors
from farside.job import JobFailure

log = logging.getLogger("farside.service")


class ClientGoneError(errors.RequestError):
    """The client closed the connection before its answer; nobody reads what is sent."""


class MediaTypeError(errors.RequestError):
    """A request body that is no multipart form."""


class KeyLimitError(errors.OverloadedError):
    """A client has reached a limit of its API key.

    Attributes
    ----------
    wait_s
        Time until there is room again, seconds; None if nobody knows.
    """

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


STATUS: dict[type[errors.FarsideError], int] = {
    errors.FarsideError: 500,
    errors.InputError: 422,
    errors.NotFitsError: 400,
    errors.UnreadablePictureError: 400,
    errors.FileTooLargeError: 413,
    errors.SetError: 422,
    errors.NoDataError: 422,
    errors.FetchError: 502,
    errors.ObjectStoreError: 502,
    errors.UnknownJobError: 404,
    errors.JobUnfinishedError: 409,
    errors.FormatError: 422,
    errors.UnknownModelError: 422,
    errors.EngineFailedError: 424,
    errors.EngineUnavailableError: 503,
    errors.DeadlineError: 504,
    errors.NotArchivedError: 404,
    errors.ArchiveAwayError: 503,
    errors.OverloadedError: 429,
    errors.StoppingError: 503,
    errors.UnknownKeyError: 401,
    errors.KeyNotAllowedError: 403,
    errors.RequestError: 400,
    errors.OtherRequestError: 422,  # draft-ietf-httpapi-idempotency-key-header, section 2.7
    MediaTypeError: 415,
    ClientGoneError: 499,  # nginx's number for a client that closed the connection
}
"""A class stands for those below it, down to the next that is listed."""

RETRY = (429, 503)
"""The statuses that carry Retry-After."""

_ADDRESS = re.compile(r"(ipv[46]:)?(\[[0-9a-fA-F:%]+\]|[\w.-]+):\d{2,5}\b")
"""An address of an engine or a store, which is for the log alone."""

UNEXPECTED = "the service failed unexpectedly; its log says why under this request id"


@dataclass(frozen=True)
class ErrorBody:
    """The JSON object of every error.

    Attributes
    ----------
    error
        One sentence: what, got, expected.
    type
        Name of a class of :mod:`farside.errors`.
    files
        The files it is about, by instrument, band and time, or by name.
    """

    error: str
    type: str
    files: tuple[str, ...]
    request_id: str

    def response(self, status: int, headers: dict[str, str]) -> JSONResponse:
        """Make the HTTP answer."""
        return JSONResponse(asdict(self), status_code=status, headers=headers)


def status_of(error: Exception) -> int:
    """Status code of an error: that of the nearest class in :data:`STATUS`, else 500."""
    return next((STATUS[cls] for cls in type(error).__mro__ if cls in STATUS), 500)


def describe(error: Exception, request_id: str) -> tuple[int, ErrorBody]:
    """Status and body of an error; one that is the service's own fault is logged, not shown."""
    status = status_of(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request %s failed", request_id, exc_info=error)
        return status, ErrorBody(UNEXPECTED, "FarsideError", (), request_id)
    files = error.files if isinstance(error, errors.FarsideError) else ()
    sentence = str(error)
    if isinstance(error, errors.EngineError | errors.ObjectStoreError):
        log.warning("request %s: %s", request_id, sentence)
        sentence = _ADDRESS.sub("its address", sentence)
    return status, ErrorBody(sentence, _public_name(error), files, request_id)


def error_of(failure: JobFailure) -> errors.FarsideError:
    """The error that a job failed with."""
    kind = vars(errors).get(failure.type, errors.FarsideError)
    error: errors.FarsideError = kind(failure.error, failure.files)
    return error


def describe_status(status: int, path: str, request_id: str) -> ErrorBody:
    """Body for an error that the framework answered with a status alone."""
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        message = "not ready: a model does not answer its test input, or the service is stopping"
        return ErrorBody(message, "EngineUnavailableError", (), request_id)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ErrorBody(UNEXPECTED, "FarsideError", (), request_id)
    return ErrorBody(_sentence(status, path), "RequestError", (), request_id)


def _sentence(status: int, path: str) -> str:
    if status == HTTPStatus.NOT_FOUND:
        return f"nothing stands at {path[:80]!r}; /openapi.json lists the addresses"
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return f"{path[:80]!r} does not take this method; the Allow header lists those it takes"
    return f"the request was refused: {HTTPStatus(status).phrase}"


def _public_name(error: Exception) -> str:
    return next(cls.__name__ for cls in type(error).__mro__ if cls.__module__ == errors.__name__)
