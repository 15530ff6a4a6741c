"""``python -m export [MODEL ...]``: convert models of the repository to Triton's formats."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import get_args

from export.build import Build, Format, Precision, Target
from export.convert import TIMING_CACHE, export
from export.inputs import parity_inputs
from export.manifest import Manifest
from farside.errors import FarsideError, UnknownModelError
from farside.model import checkpoint


def _formats(text: str) -> list[Format]:
    names = dict.fromkeys(text.split(","))
    known = get_args(Format)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise argparse.ArgumentTypeError(
            f"got {', '.join(map(repr, unknown))}, expected one or more of {','.join(known)}"
        )
    return [name for name in known if name in names]


def _sources(repository: Path, models: list[str]) -> list[Path]:
    """Newest model file of each named model, or of all models if none is named."""
    found = {path.parts[-3]: path for path in checkpoint.newest_versions(repository)}
    unknown = [model for model in models if model not in found]
    if unknown or not found:
        raise UnknownModelError(
            f"no model {', '.join(map(repr, unknown)) or 'at all'} in {repository}: got "
            f"{', '.join(found) or 'none'}, expected <model>/<version>/{checkpoint.FILE_NAME}"
        )
    return [found[model] for model in models or found]


def _line(folder: Path, manifest: Manifest) -> str:
    return (
        f"{folder}/{manifest.version}/{manifest.file}: {manifest.precision}, relative L2 "
        f"{manifest.relative_l2:.1e} (gate {manifest.gate:.0e}), max |Δ| / span "
        f"{manifest.max_delta_over_span:.1e}, on {manifest.inputs}"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m export", description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="models (default: all)")
    parser.add_argument(
        "--formats",
        type=_formats,
        default="torchscript,onnx",
        help="comma-separated list of torchscript, onnx and tensorrt (default: %(default)s)",
    )
    parser.add_argument(
        "--precision",
        choices=get_args(Precision),
        help="arithmetic of the network (default: fp32 on a CPU, fp16 on a GPU)",
    )
    parser.add_argument(
        "--max-batch", type=int, help="maximum batch size (default: by target and grid)"
    )
    parser.add_argument(
        "--target",
        choices=get_args(Target),
        default="cpu",
        help="device on which Triton will run it (default: %(default)s); always gpu for tensorrt",
    )
    parser.add_argument(
        "--repository",
        type=Path,
        default=Path("model_repository"),
        help="model repository (default: %(default)s)",
    )
    parser.add_argument(
        "--timing-cache",
        type=Path,
        default=TIMING_CACHE,
        help="timing cache of TensorRT (default: %(default)s)",
    )
    return parser.parse_args()


def main() -> None:
    """Export models and print their parity with torch; an error is one sentence, exit code 1."""
    arguments = _arguments()
    # torch.onnx warns about every operator of torchvision, which no network uses.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    try:
        for source in _sources(arguments.repository, arguments.models):
            recipe = checkpoint.read(source).recipe
            builds = [
                Build.of(recipe, each, arguments.precision, arguments.target, arguments.max_batch)
                for each in arguments.formats
            ]
            made = export(source, builds, parity_inputs(recipe), arguments.timing_cache)
            for folder, manifest in made:
                print(_line(folder, manifest), flush=True)
    except (FarsideError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
