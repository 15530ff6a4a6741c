"""Quality flags of products, carried from the input files."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntFlag


class Quality(IntFlag):
    """Quality flags: bits of a product's QUALITY card, some of them set by its input files.

    :data:`MEANINGS` says what each bit means; docs/quality.md shows them.
    """

    GOOD = 0
    NO_STEREO = 1
    BEACON = 2
    NEAR_REAL_TIME = 4
    OLD_REFERENCE = 8
    OVERLAP_LOW = 16
    FLUX_IMBALANCE = 32
    BASE_STALE = 64
    MISSING_CHANNEL = 128
    OUTSIDE_TRAINING = 256
    SIMULATED_TRAINING = 512
    REPAIRED = 1024
    NO_BASE = 2048
    NO_OBSERVED = 4096
    RESTORED = 8192
    SUBOPTIMAL = 16384
    ODD_IMAGE = 32768
    MAP_REFERENCE = 65536

    def names(self) -> tuple[str, ...]:
        """Names of the flags that are set, in rising order of their bits."""
        return tuple(bit.name or str(bit.value) for bit in self)


MEANINGS: Mapping[Quality, str] = {
    Quality.NO_STEREO: "A synchronic map without a generated disk.",
    Quality.BEACON: "Made from compressed real-time (beacon) EUVI images.",
    Quality.NEAR_REAL_TIME: "Made from near-real-time, not definitive, SDO data.",
    Quality.OLD_REFERENCE: "The reference is further from the epoch of Eq. 5 than the Recipe's "
    "usual tolerance.",
    Quality.OVERLAP_LOW: "A generated disk disagrees with an observed one where they overlap.",
    Quality.FLUX_IMBALANCE: "Net flux of a map before balancing was more than a tenth of its "
    "unsigned flux.",
    Quality.BASE_STALE: "The base map of a synchronic map is more than three days old.",
    Quality.MISSING_CHANNEL: "An optional input of the model was not given; AIMISS1, … name it.",
    Quality.OUTSIDE_TRAINING: "Reference age or date is outside the model's training range, "
    "or an EUV image is unlike the training images (DISTANCE above 1 in INPUTS).",
    Quality.SIMULATED_TRAINING: "The model was trained on a simulated Sun.",
    Quality.REPAIRED: "Missing pixels inside a disk were filled with its median.",
    Quality.NO_BASE: "A synchronic map without a base map: unobserved cells have the mean of "
    "their latitude.",
    Quality.NO_OBSERVED: "A synchronic map without an observed disk.",
    Quality.RESTORED: "An input image was restored (denoised) by a network.",
    Quality.SUBOPTIMAL: "The archive marks an input as usable but of reduced quality.",
    Quality.ODD_IMAGE: "An EUV input has a low disk score: it hardly shows a whole Sun at the "
    "header's position.",
    Quality.MAP_REFERENCE: "The reference magnetogram was rendered from a synoptic map.",
}
"""Meaning of each bit of a product's QUALITY."""

OF_A_MAP = (
    Quality.NO_STEREO
    | Quality.NO_OBSERVED
    | Quality.NO_BASE
    | Quality.BASE_STALE
    | Quality.FLUX_IMBALANCE
)
"""Bits of a map itself, which a later map or a magnetogram made with it does not inherit."""
