"""``python -m export.graphs [REPOSITORY]``: store the OpenVINO graph of each model beside its file.

With it the embedded engine starts in a second, and needs no torch. A graph is of the weights and of
the network: make it again when either changes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from farside.model import checkpoint
from farside.model.engines.openvino_network import store_network


def main() -> None:
    """Store the graph of the newest version of every model, and print where."""
    parser = argparse.ArgumentParser(prog="python -m export.graphs", description=__doc__)
    parser.add_argument("repository", type=Path, nargs="?", default=Path("model_repository"))
    for path in checkpoint.newest_versions(parser.parse_args().repository):
        print(store_network(path), flush=True)


if __name__ == "__main__":
    main()
