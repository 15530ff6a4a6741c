"""Exceptions of Farside, as one tree.

::

    FarsideError
    ├── InputError                a single file cannot be used
    │   ├── NotFitsError              not a FITS file, empty or truncated
    │   ├── FileTooLargeError         larger, or larger once unpacked, than allowed
    │   ├── UnsupportedImageError     a FITS file of an unsupported instrument, band or frame
    │   ├── MissingMetadataError      observer, time, unit or geometry not in the header
    │   ├── ImplausibleGeometryError  header values that contradict each other or the solar system
    │   ├── PartialDiskError          the full disk is not inside the array
    │   ├── UnreadablePictureError    not a PNG or JPEG file, or a corrupt one
    │   ├── NoDiskError               no solar disk found in a drawing
    │   ├── SideCarError              the side-car of a drawing is invalid
    │   ├── RegionListError           a list of far-side regions is invalid
    │   ├── BadQualityError           quality bits that forbid the use of the image
    │   ├── AddressError              no object at an address, or one that is not allowed
    │   ├── DamagedImageError         too many missing or saturated pixels
    │   ├── SaturatingModelError      a map input from a saturating model, without the option for it
    │   └── DegenerateFieldError      a map whose field is zero or uniform: no corona
    ├── SetError                  each file is usable, but not together
    │   ├── IncompleteSetError        a channel of the model has no image
    │   ├── UnexpectedImageError      an image that no channel of the model accepts
    │   ├── DuplicateChannelError     two images for one channel
    │   ├── TimesApartError           images of one role too far apart in time, or of two spacecraft
    │   ├── ReferenceEpochError       the reference is too far from the epoch of Eq. 5
    │   ├── OtherViewError            magnetograms to compare have different viewpoints or times
    │   ├── RegionNotSeenError        a region to track is in none of the images
    │   └── FrameSeriesError          frames to average are not a continuous series
    ├── FormatError               a synchronic map does not fit the requested file format
    ├── ModelError                a model file or the choice of a model is wrong
    │   ├── UnknownModelError         no such model is loaded
    │   ├── RecipeError               the Recipe is invalid, or lacks something
    │   ├── CheckpointError           weights that do not fit the network
    │   └── InputShapeError           a tensor shape that the network cannot take
    ├── EngineError               inference failed
    │   ├── EngineFailedError         the engine ran the model and failed
    │   ├── EngineUnavailableError    the engine is not reachable, or not ready
    │   └── DeadlineError             the engine did not answer in time
    ├── ArchiveError              the archive of products cannot be used
    │   ├── ArchiveBusyError          another process is writing to it
    │   ├── NotArchivedError          no product, layer or file of this name is in it
    │   └── ArchiveAwayError          its disk is full, read-only or not mounted
    ├── FetchError                files cannot be fetched from the public archives
    │   ├── ArchiveSettingsError      the table of archives is invalid
    │   ├── NoDataError               no archive has files of this time
    │   ├── SourceUnreachableError    an archive does not answer
    │   ├── SourceMovedError          an archive answers, but not with the known directories
    │   ├── DownloadError             a file does not arrive intact
    │   ├── FetchStoppedError         the caller stopped it
    │   └── DiskFullError             no room for a file
    ├── SettingsError             a configuration file is invalid
    ├── ObjectStoreError          an object store does not answer, or refuses
    ├── OutOfRangeError           a time or longitude for which nothing can be computed
    └── ServiceError              a request to the service failed, as its client sees it
        ├── OverloadedError           the queue is full, or the limit of an API key is reached
        ├── UnknownKeyError           no API key, or one that the service does not know
        ├── KeyNotAllowedError        an API key that does not open this
        ├── StoppingError             the service is shutting down
        ├── RequestError              the request itself is malformed
        │   └── OtherRequestError         an Idempotency-Key comes again with another request
        ├── UnknownJobError           no job of this id: cancelled, expired, or never was
        ├── JobUnfinishedError        the job has no result yet
        └── ConnectionFailedError     no service answers at the address

A message says what is wrong, what was found and what is expected. Domain errors know no HTTP; the
service maps them to status codes in one place.
"""


class FarsideError(Exception):
    """Base class of all errors that Farside raises on purpose.

    Parameters
    ----------
    message
        One sentence: what, got, expected.
    files
        The files concerned, each by instrument, band and time, or by name if it was not read.
    """

    def __init__(self, message: str, files: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.files = files


class InputError(FarsideError):
    """A single file cannot be used."""


class NotFitsError(InputError):
    """The file is not FITS, or is empty, truncated or corrupt."""


class FileTooLargeError(InputError):
    """A file is larger than allowed, as sent or once decompressed."""


class UnsupportedImageError(InputError):
    """A FITS file of an unsupported instrument, band, frame or encoding."""


class MissingMetadataError(InputError):
    """Observer, time, unit or geometry is not in the header."""


class ImplausibleGeometryError(InputError):
    """Header values contradict each other or the solar system."""


class PartialDiskError(InputError):
    """The full solar disk is not inside the array."""


class UnreadablePictureError(InputError):
    """A picture is not PNG or JPEG, or is corrupt."""


class NoDiskError(InputError):
    """No solar disk was found in a drawing."""


class SideCarError(InputError):
    """The side-car (JSON) of a drawing is invalid: missing, unknown or impossible keys."""


class RegionListError(InputError):
    """A list of far-side regions is invalid."""


class BadQualityError(InputError):
    """Quality bits forbid the use of the image."""


class AddressError(InputError):
    """There is no object at an address, or the address is not allowed."""


class DamagedImageError(InputError):
    """Too many pixels are missing or saturated."""


class SaturatingModelError(InputError):
    """A map input comes from a model that saturates, and this was not allowed explicitly."""


class DegenerateFieldError(InputError):
    """The field of a map is zero or uniform, so it has no potential-field corona."""


class SetError(FarsideError):
    """Each file is usable, but together they are not what the model needs."""


class IncompleteSetError(SetError):
    """A channel of the model has no image."""


class UnexpectedImageError(SetError):
    """An image that no channel of the model accepts in this role."""


class DuplicateChannelError(SetError):
    """Two images for one channel, or one disk of a map twice."""


class TimesApartError(SetError):
    """Images of one role are too far apart in time, or from two spacecraft."""


class ReferenceEpochError(SetError):
    """The reference is too far from the epoch of Eq. 5."""


class OtherViewError(SetError):
    """Magnetograms to compare have different viewpoints or times."""


class RegionNotSeenError(SetError):
    """None of the images shows the region to be tracked."""


class FrameSeriesError(SetError):
    """Frames to average are not a continuous series of one instrument and pointing."""


class FormatError(FarsideError):
    """A synchronic map cannot be represented in the requested file format."""


class ModelError(FarsideError):
    """A model file, or the choice of a model, is wrong."""


class UnknownModelError(ModelError):
    """No such model is loaded."""


class RecipeError(ModelError):
    """A Recipe does not parse, or lacks something that was asked for."""


class CheckpointError(ModelError):
    """Weights do not fit their network."""


class InputShapeError(ModelError):
    """A tensor has a shape that the network cannot take."""


class EngineError(FarsideError):
    """Inference failed."""


class EngineFailedError(EngineError):
    """The engine ran the model and failed."""


class EngineUnavailableError(EngineError):
    """The engine is not reachable, or not ready."""


class DeadlineError(EngineError):
    """The engine did not answer in time."""


class ArchiveError(FarsideError):
    """The archive of products cannot be used."""


class ArchiveBusyError(ArchiveError):
    """Another process is writing to the archive."""


class NotArchivedError(ArchiveError):
    """No product, layer, region or file of the given name is in the archive."""


class ArchiveAwayError(ArchiveError):
    """The disk of the archive is full, read-only or not mounted; it can be tried again."""


class FetchError(FarsideError):
    """Files cannot be fetched from the public archives."""


class ArchiveSettingsError(FetchError):
    """The table of archives is invalid: not TOML, an unknown key or an impossible value."""


class NoDataError(FetchError):
    """No archive has usable files of this time."""


class SourceUnreachableError(FetchError):
    """A public archive does not answer, or only with errors; it can be tried again."""


class SourceMovedError(FetchError):
    """A public archive answers, but its known directories are gone."""


class DownloadError(FetchError):
    """A file of a public archive does not arrive intact."""


class FetchStoppedError(FetchError):
    """A fetch was stopped by its caller; a later one continues its downloads."""


class DiskFullError(FetchError):
    """A fetched file cannot be written: the disk is full."""


class SettingsError(FarsideError):
    """A configuration file is invalid: not TOML, an unknown key or an impossible value."""


class ObjectStoreError(FarsideError):
    """An object store does not answer, or refuses; it can be tried again."""


class OutOfRangeError(FarsideError, ValueError):
    """A time or a longitude for which nothing can be computed."""


class ServiceError(FarsideError):
    """A request to the service failed, as its client sees it."""


class OverloadedError(ServiceError):
    """The queue of the service is full, or the limit of an API key is reached."""


class UnknownKeyError(ServiceError):
    """A request without an API key, or with one that the service does not know."""


class KeyNotAllowedError(ServiceError):
    """The API key of a request does not open what was asked for."""


class StoppingError(ServiceError):
    """The service is shutting down and accepts no new requests."""


class RequestError(ServiceError):
    """The request itself is malformed."""


class OtherRequestError(RequestError):
    """An Idempotency-Key comes again with another request than the first time."""


class UnknownJobError(ServiceError):
    """No job has this id: it was cancelled or has expired, or never was."""


class JobUnfinishedError(ServiceError):
    """A job waits or runs and has no result yet."""


class ConnectionFailedError(ServiceError):
    """No service answers at the address."""
