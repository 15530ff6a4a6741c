"""Arithmetic that the processor has; asked of each library once."""

from __future__ import annotations

from functools import cache

import torch


@cache
def torch_has_bfloat16() -> bool:
    """Whether torch convolves in bfloat16 by oneDNN; else it is 10 to 23 times slower than float32.

    True also where AVX-512 emulates it.
    """
    has_onednn = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return bool(has_onednn and torch.ops.mkldnn._is_mkldnn_bf16_supported())


@cache
def openvino_has_bfloat16() -> bool:
    """Whether OpenVINO computes in bfloat16 here, and not in float32 instead."""
    from farside.model.engines.openvino import core

    return "BF16" in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
