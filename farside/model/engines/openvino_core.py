"""The OpenVINO core of this process, and the settings that networks are compiled with."""

from __future__ import annotations

from functools import cache

import openvino as ov

from farside.model.defaults import Precision

_TYPES = {"float32": ov.Type.f32, "bfloat16": ov.Type.bf16}


@cache
def core() -> ov.Core:
    """The one OpenVINO core of this process.

    Each core installs an alternate signal stack for the thread that creates it and restores the
    former one when destroyed. Destroying several cores in another order than the reverse leaves a
    freed stack, and the next signal ends the process (openvinotoolkit/openvino#11894).
    """
    return ov.Core()


def compiled(graph: ov.Model, precision: Precision, threads: int) -> ov.CompiledModel:
    """Compile a graph with the settings that all networks share.

    By default OpenVINO would use bfloat16 where the processor has it, and pin its threads to
    cores, so that several processes share the same cores while others are idle.
    """
    properties = {
        "INFERENCE_PRECISION_HINT": _TYPES[precision],
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
    }
    return core().compile_model(graph, "CPU", properties)
