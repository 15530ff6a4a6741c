"""Memory of this process."""

from __future__ import annotations

from pathlib import Path


def peak_megabytes() -> float:
    """Peak resident size of this process, MB; getrusage would include its parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6
