"""Stand-in for trtexec: records command lines, refuses options of other versions, needs no GPU.

Its plan is the ONNX it was given with the profile's batches before it; onnxruntime answers.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
import onnxruntime

COMMON = {
    *("onnx", "saveEngine", "minShapes", "optShapes", "maxShapes", "timingCacheFile"),
    *("skipInference", "noTF32", "loadEngine", "shapes", "loadInputs", "exportOutput"),
    *("iterations", "warmUp", "duration", "help"),
}
# "TensorRT 11.x removes all precision flags"; --stronglyTyped "is no longer needed".
FLAGS = {10: COMMON | {"stronglyTyped", "fp16", "bf16"}, 11: COMMON}


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def fail(why: str) -> None:
    say(f"[11/01/2026-00:00:00] [E] {why}")
    say("&&&& FAILED TensorRT.trtexec")
    raise SystemExit(1)


def batch_of(spec: str) -> int:
    return int(spec.split(":")[1].split("x")[0])


def build(flags: dict[str, str], major: int) -> None:
    if major == 10 and "stronglyTyped" not in flags:
        fail("a weakly typed network would be built")
    batches = [batch_of(flags[f"{each}Shapes"]) for each in ("min", "opt", "max")]
    if batches != sorted(batches):
        fail(f"profile {batches} does not rise")
    given = onnxruntime.InferenceSession(flags["onnx"]).get_inputs()[0]
    wanted = f"{given.name}:{batches[0]}x" + "x".join(map(str, given.shape[1:]))
    if flags["minShapes"] != wanted:
        fail(f"profile {flags['minShapes']} is not of {wanted}")
    head = json.dumps([batches[0], batches[2]]).encode() + b"\n"
    Path(flags["saveEngine"]).write_bytes(head + Path(flags["onnx"]).read_bytes())
    Path(flags["timingCacheFile"]).write_bytes(b"timings")


def answer(flags: dict[str, str]) -> None:
    head, graph = Path(flags["loadEngine"]).read_bytes().split(b"\n", 1)
    least, greatest = json.loads(head)
    if not least <= batch_of(flags["shapes"]) <= greatest:
        fail("batch outside the profile")
    name, path = flags["loadInputs"].split(":")
    dimensions = [int(side) for side in flags["shapes"].split(":")[1].split("x")]
    tensor = np.fromfile(path, dtype=np.float32).reshape(dimensions)
    (found,) = onnxruntime.InferenceSession(graph).run(None, {name: tensor})
    found = found * np.float32(os.environ.get("FAKE_TRTEXEC_FACTOR", "1"))
    # As the real one writes numbers: six digits.
    values = [float(f"{value:.6g}") for value in found.ravel()]
    entry = {"name": "OUTPUT__0", "dimensions": "x".join(map(str, found.shape)), "values": values}
    Path(flags["exportOutput"]).write_text(json.dumps([entry]))


def main() -> None:
    number = int(os.environ["FAKE_TRTEXEC_VERSION"])
    arguments = sys.argv[1:]
    with Path(os.environ["FAKE_TRTEXEC_RECORD"]).open("a") as record:
        record.write(json.dumps(arguments) + "\n")
    say(f"&&&& RUNNING TensorRT.trtexec [TensorRT v{number}] [b26] # trtexec {arguments}")
    flags = {
        key.removeprefix("--"): value
        for key, _, value in (each.partition("=") for each in arguments)
    }
    if "help" in flags:
        return
    unknown = flags.keys() - FLAGS[number // 10000]
    if unknown:
        fail(f"Unknown option: {' '.join(sorted(unknown))}")
    if "FAKE_TRTEXEC_NO_GPU" in os.environ:
        fail("Cuda failure: no CUDA-capable device is detected")
    if "onnx" in flags:
        build(flags, number // 10000)
    else:
        answer(flags)
    say("&&&& PASSED TensorRT.trtexec")


main()
