"""Files of one time from the public archives: STEREO Science Center, JSOC and NSO."""

from farside.fetch.archives import Archives, load_archives
from farside.fetch.check import SourceState, check_sources
from farside.fetch.fetch import fetch
from farside.fetch.record import Fetched, FetchedFile

__all__ = [
    "Archives",
    "Fetched",
    "FetchedFile",
    "SourceState",
    "check_sources",
    "fetch",
    "load_archives",
]
