"""Everything that can go wrong, as one tree.

::

    FarsideError
    ├── InputError                one given file cannot be used
    │   ├── NotFitsError              not a FITS file, empty or truncated
    │   ├── FileTooLargeError         larger, or larger once unpacked, than allowed
    │   ├── UnsupportedImageError     a FITS file of an instrument, band or frame that is not read
    │   ├── MissingMetadataError      observer, time, unit or geometry not in the header
    │   ├── ImplausibleGeometryError  header values that contradict each other or the solar system
    │   ├── PartialDiskError          the full disk is not inside the array
    │   ├── UnreadablePictureError    no PNG or JPEG, or a corrupt one
    │   ├── NoDiskError               a drawing in which no solar disk is found
    │   ├── SideCarError              the JSON beside a drawing does not say what it must
    │   ├── BadQualityError           quality bits that forbid the use of the image
    │   ├── DamagedImageError         too many missing or saturated pixels
    │   ├── SaturatingModelError      a product of a model that saturates, not asked for in a map
    │   └── DegenerateFieldError      a map whose field can hold no corona
    ├── SetError                  each file is good, together they are not what the model needs
    │   ├── IncompleteSetError        a channel of the model has no image
    │   ├── UnexpectedImageError      an image that no channel of the model accepts
    │   ├── DuplicateChannelError     two images for one channel
    │   ├── TimesApartError           images of one role too far apart in time, or of two spacecraft
    │   ├── ReferenceEpochError       the reference is too far from the epoch of Eq. 5
    │   ├── OtherViewError            two magnetograms to compare that show the Sun from elsewhere
    │   ├── RegionNotSeenError        a region to follow that none of the images shows
    │   └── FrameSeriesError          frames to average that are no unbroken series
    ├── FormatError               a synchronic map that the file format asked for cannot hold
    ├── ModelError                a model file or the choice of a model is wrong
    │   ├── UnknownModelError         no such model is loaded
    │   ├── RecipeError               the Recipe does not parse, or lacks what is asked for
    │   ├── CheckpointError           weights that do not fit the network
    │   └── InputShapeError           a tensor that the network cannot take
    ├── EngineError               the inference engine
    │   ├── EngineFailedError         ran and failed
    │   ├── EngineUnavailableError    not there, or not ready
    │   └── DeadlineError             did not answer in time
    ├── ArchiveError              the archive of products cannot be used
    │   ├── ArchiveBusyError          another process is writing to it
    │   └── ArchiveAwayError          its disk is full, read-only or not there
    └── ServiceError              the service, as its client sees it
        ├── OverloadedError           the queue is full
        ├── StoppingError             it is about to end, and takes nothing new
        ├── RequestError              the request itself is malformed
        └── ConnectionFailedError     no service answers at the address

A message says what is wrong, what was found and what is expected. Domain errors know no HTTP; the
service translates them in one place.
"""


class FarsideError(Exception):
    """Root of the tree.

    Parameters
    ----------
    message
        One sentence: what, got, expected.
    files
        The files it is about, each by instrument, band and time, or by name where it was not read.
    """

    def __init__(self, message: str, files: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.files = files


class InputError(FarsideError):
    """One given file cannot be used."""


class NotFitsError(InputError):
    """Not a FITS file, or an empty or truncated one."""


class FileTooLargeError(InputError):
    """A file larger than allowed, as sent or once unpacked."""


class UnsupportedImageError(InputError):
    """A FITS file of an instrument, band or frame that is not read."""


class MissingMetadataError(InputError):
    """Observer, time, unit or geometry is not in the header."""


class ImplausibleGeometryError(InputError):
    """Header values contradict each other or the solar system."""


class PartialDiskError(InputError):
    """The full solar disk is not inside the array."""


class UnreadablePictureError(InputError):
    """No PNG or JPEG, or a corrupt one."""


class NoDiskError(InputError):
    """A drawing in which no solar disk is found."""


class SideCarError(InputError):
    """The JSON beside a drawing does not say what it must, or says what nobody knows."""


class BadQualityError(InputError):
    """Quality bits forbid the use of the image."""


class DamagedImageError(InputError):
    """Too many pixels are missing or saturated."""


class SaturatingModelError(InputError):
    """A product of a model that saturates, not asked for in a map."""


class DegenerateFieldError(InputError):
    """A map whose field can hold no corona: zero, or of one value everywhere."""


class SetError(FarsideError):
    """Each file is good; together they are not what the model needs."""


class IncompleteSetError(SetError):
    """A channel of the model has no image."""


class UnexpectedImageError(SetError):
    """An image that no channel of the model accepts in this role."""


class DuplicateChannelError(SetError):
    """Two images for one channel."""


class TimesApartError(SetError):
    """Images of one role are too far apart in time, or from two spacecraft."""


class ReferenceEpochError(SetError):
    """The reference is too far from the epoch of Eq. 5."""


class OtherViewError(SetError):
    """Two magnetograms to compare show the Sun from different places, or at different times."""


class RegionNotSeenError(SetError):
    """None of the images shows the region that is to be followed."""


class FrameSeriesError(SetError):
    """Frames to average that are no unbroken series of one instrument and pointing."""


class FormatError(FarsideError):
    """A synchronic map that the file format asked for cannot hold."""


class ModelError(FarsideError):
    """A model file, or the choice of a model, is wrong."""


class UnknownModelError(ModelError):
    """No such model is loaded."""


class RecipeError(ModelError):
    """A Recipe that does not parse, or lacks what is asked for."""


class CheckpointError(ModelError):
    """Weights that do not fit their network."""


class InputShapeError(ModelError):
    """A tensor that the network cannot take."""


class EngineError(FarsideError):
    """The inference engine."""


class EngineFailedError(EngineError):
    """The engine ran the model and failed."""


class EngineUnavailableError(EngineError):
    """The engine is not there, or not ready."""


class DeadlineError(EngineError):
    """The engine did not answer in time."""


class ArchiveError(FarsideError):
    """The archive of products cannot be used."""


class ArchiveBusyError(ArchiveError):
    """Another process is writing to the archive."""


class ArchiveAwayError(ArchiveError):
    """The disk of the archive is full, read-only or not there: later it may be."""


class ServiceError(FarsideError):
    """The service, as its client sees it."""


class OverloadedError(ServiceError):
    """The queue of the service is full."""


class StoppingError(ServiceError):
    """The service is about to end, and takes nothing new."""


class RequestError(ServiceError):
    """The request itself is malformed."""


class ConnectionFailedError(ServiceError):
    """No service answers at the address."""
