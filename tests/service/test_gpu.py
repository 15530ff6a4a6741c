"""GPUs through a stand-in for NVIDIA's library, and without one."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from service.gpu import Gpu, GpuReader


class NVMLError(Exception):
    """As the library raises."""


def library(throttle: int = 0) -> SimpleNamespace:
    """One GPU that does not know its power; the names and units are those of pynvml."""

    def unsupported(handle: object) -> int:
        raise NVMLError("Not Supported")

    return SimpleNamespace(
        NVMLError=NVMLError,
        NVML_TEMPERATURE_GPU=0,
        nvmlClocksThrottleReasonSwPowerCap=0x4,
        nvmlClocksThrottleReasonHwSlowdown=0x8,
        nvmlClocksThrottleReasonSwThermalSlowdown=0x20,
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: 1,
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetName=lambda *_: "H100",
        nvmlDeviceGetUtilizationRates=lambda *_: SimpleNamespace(gpu=0, memory=7),
        nvmlDeviceGetMemoryInfo=lambda *_: SimpleNamespace(used=10**9, total=8 * 10**10),
        nvmlDeviceGetPowerUsage=unsupported,
        nvmlDeviceGetTemperature=lambda *_: 60,
        nvmlDeviceGetCurrentClocksThrottleReasons=lambda *_: throttle,
    )


def test_a_gpu_is_read_in_our_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", library())
    assert GpuReader().read() == (Gpu(0, "H100", 0.0, 1e9, 8e10, None, 60.0, False),)


@pytest.mark.parametrize(("reasons", "slowed"), [(0x1, False), (0x4, True), (0x28, True)])
def test_idle_clocks_are_no_throttling(
    reasons: int, slowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", library(reasons))
    (gpu,) = GpuReader().read() or ()
    assert gpu.throttled is slowed


def test_without_a_driver_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing() -> None:
        raise NVMLError("Library Not Found")

    broken = library()
    broken.nvmlInit = failing
    monkeypatch.setitem(sys.modules, "pynvml", broken)
    assert GpuReader().read() is None


def test_the_real_library_has_every_name_that_is_asked() -> None:
    import pynvml

    assert all(hasattr(pynvml, name) for name in vars(library()))
