"""Processor capabilities (bfloat16), queried once from each library."""

from __future__ import annotations

from functools import cache


@cache
def torch_has_bfloat16() -> bool:
    """Whether torch has oneDNN convolutions in bfloat16; true also where AVX-512 emulates them.

    Without them bfloat16 is 10 to 23 times slower than float32.
    """
    import torch

    has_onednn = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return bool(has_onednn and torch.ops.mkldnn._is_mkldnn_bf16_supported())


@cache
def openvino_has_bfloat16() -> bool:
    """Whether OpenVINO computes in bfloat16 on this processor, not float32 in its place."""
    from farside.model.engines.openvino_core import core

    return "BF16" in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
