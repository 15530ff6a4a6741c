"""State of this machine's NVIDIA GPUs, read through NVML."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_log = logging.getLogger("farside.service")


@dataclass(frozen=True)
class Gpu:
    """State of one GPU; None for a value that the GPU does not report.

    Attributes
    ----------
    utilisation
        Fraction of the last sample period in which a kernel ran, 0 to 1.
    throttled
        Whether heat or the power limit slows the clocks.
    """

    index: int
    name: str
    utilisation: float | None
    memory_used_bytes: float | None
    memory_total_bytes: float | None
    power_watts: float | None
    temperature_celsius: float | None
    throttled: bool | None


class GpuReader:
    """Reader of GPU states, which opens NVML once."""

    def __init__(self) -> None:
        self._nvml = _opened()

    def read(self) -> tuple[Gpu, ...] | None:
        """Read the state of each GPU; None without a driver."""
        if self._nvml is None:
            return None
        try:
            return tuple(self._read(index) for index in range(self._nvml.nvmlDeviceGetCount()))
        except self._nvml.NVMLError as error:
            _log.warning("NVML does not answer: %s", error)
            return ()

    def _read(self, index: int) -> Gpu:
        nvml = self._nvml
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        busy = self._ask(nvml.nvmlDeviceGetUtilizationRates, handle)
        memory = self._ask(nvml.nvmlDeviceGetMemoryInfo, handle)
        milliwatts = self._ask(nvml.nvmlDeviceGetPowerUsage, handle)
        reasons = self._ask(nvml.nvmlDeviceGetCurrentClocksThrottleReasons, handle)
        return Gpu(
            index,
            str(nvml.nvmlDeviceGetName(handle)),
            utilisation=busy and busy.gpu / 100,
            memory_used_bytes=memory and memory.used,
            memory_total_bytes=memory and memory.total,
            power_watts=None if milliwatts is None else milliwatts / 1000,
            temperature_celsius=self._ask(
                nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU
            ),
            throttled=None if reasons is None else bool(reasons & _slowing(nvml)),
        )

    def _ask(self, question: Callable[..., Any], *arguments: object) -> Any:
        """Query one value; None if the GPU does not support it, e.g. the power of a MIG slice."""
        try:
            return question(*arguments)
        except self._nvml.NVMLError:
            return None


def _slowing(nvml: Any) -> int:
    """Bit mask of throttle reasons that are faults; idle clocks and user settings are not."""
    bits: int = (
        nvml.nvmlClocksThrottleReasonSwThermalSlowdown
        | nvml.nvmlClocksThrottleReasonHwSlowdown
        | nvml.nvmlClocksThrottleReasonSwPowerCap
    )
    return bits


def _opened() -> Any:
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml
