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
    """A generated disk disagrees with an observed one where both see the same surface."""
    FLUX_IMBALANCE = 32
    """Before a map was balanced, its net flux was more than a tenth of its unsigned flux."""
    BASE_STALE = 64
    """The base map of a synchronic map is too old."""
    MISSING_CHANNEL = 128
    OUTSIDE_TRAINING = 256
    """Reference age or date outside the range that the model was trained on."""
    SIMULATED_TRAINING = 512
    """The model was trained on a simulated Sun."""
    REPAIRED = 1024
    """Missing or saturated pixels inside a disk were filled."""
    NO_BASE = 2048
    """A synchronic map without a base map: what no disk shows has the mean of its parallel."""
    NO_OBSERVED = 4096
    """A synchronic map without an observed disk."""

    RESTORED = 8192
    """An input was itself restored by a network."""

    SUBOPTIMAL = 16384
    """The archive marks an input as usable, though not made in the best way."""

    ODD_IMAGE = 32768
    """An EUV input hardly looks like a whole Sun where its header says that the Sun is."""

    def names(self) -> tuple[str, ...]:
        """Names of the bits that are set, in rising order."""
        return tuple(bit.name or str(bit.value) for bit in self)
