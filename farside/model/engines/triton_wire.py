"""gRPC calls to a Triton Inference Server, and the translation of its errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any  # the messages of the protocol have no types

import grpc
import numpy as np
from tritonclient.grpc import service_pb2 as messages
from tritonclient.grpc.service_pb2_grpc import GRPCInferenceServiceStub

from farside.errors import (
    DeadlineError,
    EngineError,
    EngineFailedError,
    EngineUnavailableError,
)
from farside.model.defaults import INPUT, OUTPUT
from farside.model.engine import Tensor
from farside.model.engines.shared_memory import SharedRegion

CALL_TIMEOUT_S = 5.0
"""Time limit of all calls except inference, seconds: none of them waits for a model."""

# By default a channel waits up to two minutes before it reconnects to a restarted server.
_OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.use_local_subchannel_pool", 1),  # otherwise shared by all channels of the process
)


class ServerUnreachableError(EngineUnavailableError):
    """The server is unreachable, or the connection broke during the call."""


class NotServedError(EngineUnavailableError):
    """The server does not serve this model or version at present."""


class UnknownRegionError(EngineFailedError):
    """The region of shared memory is not registered with the server."""


class NotSharedError(EngineFailedError):
    """The server cannot open the region: it runs on another host, or as another user."""


@dataclass(frozen=True)
class Target:
    """Version of a model, by its name at the server."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} version {self.version}"


@dataclass(frozen=True)
class Configuration:
    """Fields of a model's config.pbtxt that the engine uses."""

    parameters: dict[str, str]
    max_batch: int


class TritonConnection:
    """gRPC connection to one Triton server; thread-safe.

    Parameters
    ----------
    url
        ``host:port`` of the server's gRPC endpoint.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._channel = grpc.insecure_channel(url, options=_OPTIONS)
        self._server = GRPCInferenceServiceStub(self._channel)

    def index(self) -> dict[Target, str]:
        """State of every model in the server's repository, such as ``"READY"`` or ``"LOADING"``."""
        reply = self._call("RepositoryIndex", messages.RepositoryIndexRequest())
        return {Target(m.name, m.version): m.state for m in reply.models}

    def configuration(self, target: Target) -> Configuration:
        """Read the configuration of a loaded model."""
        request = messages.ModelConfigRequest(name=target.name, version=target.version)
        found = self._call("ModelConfig", request, str(target)).config
        parameters = {key: value.string_value for key, value in found.parameters.items()}
        return Configuration(parameters, found.max_batch_size or 1)

    def register(self, region: SharedRegion) -> None:
        """Register a region of shared memory with the server.

        Raises
        ------
        NotSharedError
            The server cannot open the region.
        """
        request = messages.SystemSharedMemoryRegisterRequest(
            name=region.name, key=f"/{region.name}", byte_size=region.size
        )
        try:
            self._server.SystemSharedMemoryRegister(request, timeout=CALL_TIMEOUT_S)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.INTERNAL:
                raise NotSharedError(str(error.details())) from error
            if error.code() != grpc.StatusCode.ALREADY_EXISTS:
                raise self._meaning(error, "shared memory") from error
        region.registered = True

    def unregister(self, name: str) -> None:
        """Unregister a region; the server keeps one that is in use."""
        request = messages.SystemSharedMemoryUnregisterRequest(name=name)
        self._call("SystemSharedMemoryUnregister", request)

    def regions(self) -> list[str]:
        """Names of the regions of shared memory registered with the server."""
        reply = self._call("SystemSharedMemoryStatus", messages.SystemSharedMemoryStatusRequest())
        return list(reply.regions)

    def infer_bytes(
        self, target: Target, tensor: Tensor, shape: tuple[int, ...], seconds: float
    ) -> Tensor:
        """Run a model on a tensor sent as bytes.

        Parameters
        ----------
        target
            Model and version.
        tensor
            Input, (n, channel, y, x).
        shape
            Expected shape of the output, (n, output, y, x).
        seconds
            Time limit, after which the request is cancelled at the server.

        Raises
        ------
        EngineError
        """
        request = _request(target, tensor, seconds)
        request.raw_input_contents.append(tensor.tobytes())
        reply = self._call("ModelInfer", request, str(target), seconds)
        _check(reply, target, shape)
        return np.frombuffer(reply.raw_output_contents[0], np.float32).reshape(shape).copy()

    def infer_shared(
        self, target: Target, tensor: Tensor, region: SharedRegion, answer: Tensor, seconds: float
    ) -> None:
        """Run a model on a tensor at the start of a region, writing to an array at its end.

        The server completes a request even after its time limit, and must not overwrite the data of
        another: both arrays are kept alive, and so the region reserved, until it has answered.

        Raises
        ------
        EngineError
        """
        request = _request(target, tensor, seconds)
        _place(request.inputs[0], region, tensor.nbytes, 0)
        _place(request.outputs[0], region, answer.nbytes, region.size - answer.nbytes)
        held = [tensor, answer]

        def answered(_: object) -> None:
            region.busy = False
            held.clear()

        region.busy = True
        try:
            future = self._server.ModelInfer.future(request)
            future.add_done_callback(answered)
            reply = future.result(timeout=seconds)
        except grpc.FutureTimeoutError as error:
            raise _late(target, seconds) from error
        except (grpc.RpcError, ValueError, grpc.FutureCancelledError) as error:
            raise self._meaning(error, str(target)) from error
        _check(reply, target, answer.shape)

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def _call(
        self, method: str, request: object, about: str = "", seconds: float = CALL_TIMEOUT_S
    ) -> Any:
        try:
            return getattr(self._server, method)(request, timeout=seconds)
        except (grpc.RpcError, ValueError) as error:
            raise self._meaning(error, about or method) from error

    def _meaning(self, error: Exception, about: str) -> EngineError:
        """Translate a gRPC error. The texts are those of Triton 24.10."""
        if not isinstance(error, grpc.Call):  # the channel was closed on this side
            return EngineUnavailableError(f"the connection to Triton at {self.url} is closed")
        code, text = error.code(), str(error.details())
        said = f"{about}: Triton at {self.url} says: {text[:300]}"
        if code == grpc.StatusCode.DEADLINE_EXCEEDED or "timeout expired" in text:
            return DeadlineError(said)
        if code == grpc.StatusCode.NOT_FOUND and "shared memory region" in text:
            return UnknownRegionError(said)
        if code == grpc.StatusCode.NOT_FOUND or "is not at ready state" in text:
            return NotServedError(said)
        if "maximum queue size" in text:
            return EngineUnavailableError(said)
        if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
            return ServerUnreachableError(f"no answer from Triton at {self.url}: {text[:300]}")
        return EngineFailedError(said)


def _request(target: Target, tensor: Tensor, seconds: float) -> messages.ModelInferRequest:
    request = messages.ModelInferRequest(model_name=target.name, model_version=target.version)
    request.inputs.add(name=INPUT, datatype="FP32", shape=tensor.shape)
    request.outputs.add(name=OUTPUT)
    # Triton drops a queued request after this time.
    request.parameters["timeout"].int64_param = max(1, int(seconds * 1e6))
    return request


def _place(tensor: Any, region: SharedRegion, size: int, offset: int) -> None:
    tensor.parameters["shared_memory_region"].string_param = region.name
    tensor.parameters["shared_memory_byte_size"].int64_param = size
    tensor.parameters["shared_memory_offset"].int64_param = offset


def _check(reply: messages.ModelInferResponse, target: Target, wanted: tuple[int, ...]) -> None:
    found = [(output.datatype, tuple(output.shape)) for output in reply.outputs]
    if found != [("FP32", wanted)]:
        raise EngineFailedError(f"{target} answered {found}, expected FP32 {wanted}")


def _late(target: Target, seconds: float) -> DeadlineError:
    return DeadlineError(f"{target}: Triton has not answered within {seconds:.3g} s")
