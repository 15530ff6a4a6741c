"""Quality flags of products, carried from the input files."""

from enum import IntFlag


class Quality(IntFlag):
    """Quality flags: bits of a product's QUALITY card, some of them set by its input files."""

    GOOD = 0
    NO_STEREO = 1
    BEACON = 2
    """Made from compressed real-time (beacon) EUVI images."""
    NEAR_REAL_TIME = 4
    """Made from near-real-time, not definitive, SDO data."""
    OLD_REFERENCE = 8
    """The reference is further from the epoch of Eq. 5 than the Recipe's usual tolerance."""
    OVERLAP_LOW = 16
    """A generated disk disagrees with an observed one where they overlap."""
    FLUX_IMBALANCE = 32
    """Net flux of the map before balancing was more than a tenth of its unsigned flux."""
    BASE_STALE = 64
    """The base map of a synchronic map is too old."""
    MISSING_CHANNEL = 128
    OUTSIDE_TRAINING = 256
    """Reference age or date is outside the model's training range."""
    SIMULATED_TRAINING = 512
    """The model was trained on a simulated Sun."""
    REPAIRED = 1024
    """Missing or saturated pixels inside a disk were filled."""
    NO_BASE = 2048
    """A synchronic map without a base map: unobserved cells have the mean of their latitude."""
    NO_OBSERVED = 4096
    """A synchronic map without an observed disk."""

    RESTORED = 8192
    """An input image was restored (denoised) by a network."""

    SUBOPTIMAL = 16384
    """The archive marks an input as usable but of reduced quality."""

    ODD_IMAGE = 32768
    """An EUV input has a low disk score: it hardly shows a whole Sun at the header's position."""

    def names(self) -> tuple[str, ...]:
        """Names of the flags that are set, in rising order of their bits."""
        return tuple(bit.name or str(bit.value) for bit in self)
