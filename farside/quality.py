"""The quality bits that travel from a file to the product made of it."""

from enum import IntFlag


class Quality(IntFlag):
    """Bits of the product's QUALITY card; an Observation carries those that one file can set."""

    GOOD = 0
    NO_STEREO = 1
    BEACON = 2
    """Made from compressed real-time (beacon) EUVI images."""
    NEAR_REAL_TIME = 4
    """Made from near-real-time, not definitive, SDO data."""
    OLD_REFERENCE = 8
    """The reference lies further from the epoch of Eq. 5 than the Recipe calls usual."""
    OVERLAP_LOW = 16
    FLUX_IMBALANCE = 32
    BASE_STALE = 64
    MISSING_CHANNEL = 128
    OUTSIDE_TRAINING = 256
    """Reference age or date outside the range that the model was trained on."""
    SIMULATED_TRAINING = 512
    """The model was trained on a simulated Sun."""
    REPAIRED = 1024
    """Missing or saturated pixels inside a disk were filled."""

    def names(self) -> tuple[str, ...]:
        """Names of the bits that are set, in rising order."""
        return tuple(bit.name or str(bit.value) for bit in self)
