"""Downloads over real HTTP: resumed, checked, cached, paced; and full disks."""

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Timer

import pytest

from farside.errors import (
    DiskFullError,
    DownloadError,
    FetchError,
    FetchStoppedError,
    SourceMovedError,
    SourceUnreachableError,
)
from farside.fetch import Archives, check_sources, fetch
from farside.fetch.connection import MAX_LISTING_BYTES, Connection
from farside.fetch.integrity import check_fits
from tests.fetch.conftest import EUVI, HMI, TIME, settings
from tests.support import local_archives as local
from tests.support.full_disk import largest_file
from tests.support.local_archives import LocalArchives, Trouble
from tests.support.tiny_recipe import recipe

PATH = local.hmi_path(HMI)


def downloaded(
    archives: Archives, mirror: LocalArchives, folder: Path, *, is_final: bool = True
) -> bytes:
    with Connection(archives, folder) as connection:
        path = connection.download(mirror.address + PATH, check_fits, is_final=is_final)
    return path.read_bytes()


def ranges(mirror: LocalArchives) -> list[str | None]:
    return [headers.get("Range") for path, headers in mirror.asked if path == PATH]


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*partial*")]


def test_a_cut_download_is_continued_where_it_was_cut(
    mirror: LocalArchives, archives: Archives, tmp_path: Path
) -> None:
    mirror.troubles[PATH] = [Trouble(cut_after=4000)]
    assert downloaded(archives, mirror, tmp_path) == mirror.files[PATH]
    assert ranges(mirror) == [None, "bytes=4000-"]
    assert leftovers(tmp_path) == []


def test_the_next_call_continues_what_an_earlier_one_had_to_leave(
    mirror: LocalArchives, tmp_path: Path
) -> None:
    impatient = settings(mirror.address, retries=0)
    mirror.troubles[PATH] = [Trouble(cut_after=4000)]
    with pytest.raises(DownloadError):
        downloaded(impatient, mirror, tmp_path)
    assert downloaded(impatient, mirror, tmp_path) == mirror.files[PATH]
    assert ranges(mirror) == [None, "bytes=4000-"]


def test_a_file_that_changed_meanwhile_is_downloaded_anew(
    mirror: LocalArchives, tmp_path: Path
) -> None:
    impatient = settings(mirror.address, retries=0)
    mirror.troubles[PATH] = [Trouble(cut_after=4000)]
    with pytest.raises(DownloadError):
        downloaded(impatient, mirror, tmp_path)
    mirror.files[PATH] = local.hmi(EUVI[304])
    assert downloaded(impatient, mirror, tmp_path) == mirror.files[PATH]


def test_a_final_file_comes_from_the_cache_and_another_is_compared_first(
    mirror: LocalArchives, archives: Archives, tmp_path: Path
) -> None:
    for is_final, requests in ((True, 1), (True, 1), (False, 2)):
        assert downloaded(archives, mirror, tmp_path, is_final=is_final) == mirror.files[PATH]
        assert len(ranges(mirror)) == requests
    mirror.files[PATH] = local.hmi(EUVI[304])
    assert downloaded(archives, mirror, tmp_path, is_final=False) == mirror.files[PATH]


def test_a_cached_file_that_was_altered_is_downloaded_again(
    mirror: LocalArchives, archives: Archives, tmp_path: Path
) -> None:
    downloaded(archives, mirror, tmp_path)
    (path,) = tmp_path.rglob("hmi*.fits")
    path.write_bytes(b"SIMPLE  =")
    assert downloaded(archives, mirror, tmp_path) == mirror.files[PATH]


def altered(data: bytes) -> bytes:
    return data[:-3000] + bytes([data[-3000] ^ 1]) + data[-2999:]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (altered, "DATASUM"),
        (lambda data: data[:-2880], "expected a whole FITS file"),
        (lambda data: data[:100], "expected a whole FITS file"),
        (lambda _: b"<html>Sign in</html>", "expected a whole FITS file"),
        (lambda data: b"\x1f\x8b" + data, "expected a whole FITS file"),
    ],
)
def test_a_file_that_is_not_whole_is_refused_and_not_kept(
    content: Callable[[bytes], bytes],
    told: str,
    mirror: LocalArchives,
    archives: Archives,
    tmp_path: Path,
) -> None:
    mirror.files[PATH] = content(mirror.files[PATH])
    with pytest.raises(DownloadError, match=told):
        downloaded(archives, mirror, tmp_path)
    assert leftovers(tmp_path) == []
    assert not list(tmp_path.rglob("*.fits"))


def test_a_size_that_never_comes_is_an_error(
    mirror: LocalArchives, archives: Archives, tmp_path: Path
) -> None:
    mirror.always[PATH] = Trouble(claim=1000)
    with pytest.raises(DownloadError):
        downloaded(archives, mirror, tmp_path)
    assert not list(tmp_path.rglob("*.fits"))


def test_a_broken_file_gives_way_to_its_neighbour_and_is_named(
    mirror: LocalArchives, archives: Archives, tmp_path: Path
) -> None:
    broken = local.euvi_path(local.LEVEL_0, EUVI[304])
    mirror.files[broken] = mirror.files[broken][:-5000]
    found = fetch(TIME, "A", tmp_path / "out", recipe(), archives=archives, cache=tmp_path / "c")
    assert found.observations[0].name == "20110215_002615_n4euA.fts"
    assert len(found.rejected) == 1
    assert found.rejected[0].startswith(f"{mirror.address}{broken}: DownloadError: ")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_error_that_passes_is_waited_for(
    status: int, mirror: LocalArchives, archives: Archives, tmp_path: Path
) -> None:
    mirror.troubles[PATH] = [Trouble(status, (("Retry-After", "1"),))]
    start = time.monotonic()
    assert downloaded(archives, mirror, tmp_path) == mirror.files[PATH]
    assert time.monotonic() - start >= 1.0


def test_a_silent_server_is_left(mirror: LocalArchives, tmp_path: Path) -> None:
    mirror.always[PATH] = Trouble(silence_s=2.0)
    with pytest.raises(DownloadError):
        downloaded(settings(mirror.address, timeout_s=0.3, retries=0), mirror, tmp_path)


def test_a_host_is_asked_no_faster_than_the_pause(mirror: LocalArchives, tmp_path: Path) -> None:
    with Connection(settings(mirror.address, pause_s=0.2), tmp_path) as connection:
        start = time.monotonic()
        for year in range(2010, 2014):
            connection.listing(f"{mirror.address}{local.HMI}{year}/")
    assert len(mirror.asked) == 4
    assert time.monotonic() - start >= 0.6


def test_a_full_disk_is_told_and_leaves_nothing_half_written(
    mirror: LocalArchives, archives: Archives, tmp_path: Path
) -> None:
    with largest_file(5000), pytest.raises(DiskFullError, match="expected room"):
        downloaded(archives, mirror, tmp_path)
    assert leftovers(tmp_path) == []
    assert not list(tmp_path.rglob("*.fits"))


def test_downloads_lie_in_the_cache_of_the_user_or_go_with_the_connection(
    mirror: LocalArchives, archives: Archives, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = {}
    for named in (str(tmp_path / "cache"), "off"):
        monkeypatch.setenv("FARSIDE_CACHE", named)
        with Connection(archives, None) as connection:
            found[named] = connection.download(mirror.address + PATH, check_fits, is_final=True)
            assert found[named].is_file()
    kept, gone = found.values()
    assert tmp_path / "cache" / "downloads" in kept.parents
    assert (kept.is_file(), gone.exists()) == (True, False)
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_the_band_is_read_from_the_header_without_the_rest_of_the_file(
    mirror: LocalArchives, archives: Archives, tmp_path: Path
) -> None:
    path = local.euvi_path(local.LEVEL_0, EUVI[195])
    with Connection(archives, tmp_path) as connection:
        header = connection.header(mirror.address + path)
        with pytest.raises(DownloadError, match="404"):
            connection.header(mirror.address + path + "x")
    assert mirror.files[path].startswith(header.rstrip())
    assert b"WAVELNTH=                  195" in header


def test_the_check_tells_which_archive_has_moved_and_which_does_not_answer(
    mirror: LocalArchives, archives: Archives, tmp_path: Path
) -> None:
    mirror.always["/gong2.nso.edu/"] = Trouble(503)
    sources = {name: archives.sources[name] for name in ("euvi-a-level0", "gong-zqs", "hmi-nrt")}
    some = archives.model_copy(update={"sources": sources})
    states = {state.name: state.error for state in check_sources(some, tmp_path)}
    assert states["euvi-a-level0"] is None
    assert isinstance(states["gong-zqs"], SourceUnreachableError)
    assert "expected the files of" in str(states["hmi-nrt"])


SIGN_IN = Trouble(200, body=b'<html><a href="/">Home</a> <a href="http://[">?</a> Sign in</html>')
"""Page of an archive that answers 200 whatever it is asked for."""


def test_an_archive_that_answers_200_to_everything_has_moved(
    mirror: LocalArchives, archives: Archives, tmp_path: Path
) -> None:
    mirror.always["/jsoc1.stanford.edu/"] = SIGN_IN
    with pytest.raises(SourceMovedError, match="without links"):
        fetch(TIME, "A", tmp_path / "out", recipe(), archives=archives, cache=tmp_path)
    states = {state.name: state.error for state in check_sources(archives, tmp_path)}
    assert isinstance(states["hmi"], SourceMovedError)
    assert not (tmp_path / "out").exists()


def redirect(address: str, body: bytes = b"", drip_s: float = 0.0) -> Trouble:
    return Trouble(302, (("Location", address),), body, drip_s=drip_s)


def test_redirects_are_followed_on_the_host_of_the_archive_and_their_bodies_not_read(
    mirror: LocalArchives, tmp_path: Path
) -> None:
    quick = settings(mirror.address, timeout_s=0.5, retries=0)
    mirror.files["/elsewhere/hmi.fits"] = mirror.files[PATH]
    mirror.troubles[PATH] = [redirect("/elsewhere/hmi.fits", bytes(10_000), drip_s=0.1)]
    assert downloaded(quick, mirror, tmp_path) == mirror.files[PATH]


@pytest.mark.parametrize(
    "address", ["http://localhost:9/x.fits", "//127.0.0.2/x.fits", "ftp://127.0.0.1/x", "http://["]
)
def test_a_redirect_to_another_host_is_not_followed(
    address: str, mirror: LocalArchives, archives: Archives, tmp_path: Path
) -> None:
    mirror.always[PATH] = redirect(address)
    with pytest.raises(FetchError, match="expected an a"):
        downloaded(archives, mirror, tmp_path)
    mirror.always[PATH] = redirect(PATH)
    with pytest.raises(SourceMovedError, match="more than 5 redirects"):
        downloaded(archives, mirror, tmp_path)


def test_a_body_without_end_ends(mirror: LocalArchives, tmp_path: Path) -> None:
    quick = settings(mirror.address, timeout_s=0.3, retries=0)
    mirror.always[PATH] = Trouble(claim=10**13)
    with pytest.raises(DownloadError, match="bytes, expected at most"):
        downloaded(quick, mirror, tmp_path)
    mirror.always[PATH] = Trouble(drip_s=0.05)
    with pytest.raises(DownloadError, match="bytes/s, expected"):
        downloaded(quick, mirror, tmp_path)
    mirror.always[local.HMI] = Trouble(200, body=bytes(10_000), drip_s=0.05)
    with Connection(quick, tmp_path) as connection:
        with pytest.raises(SourceUnreachableError, match="bytes/s, expected"):
            connection.listing(mirror.address + local.HMI)
        mirror.always[local.HMI] = Trouble(200, body=bytes(MAX_LISTING_BYTES + 1))
        with pytest.raises(SourceMovedError, match="expected an index page"):
            connection.listing(mirror.address + local.HMI)


def test_a_stop_ends_a_download_that_a_later_call_continues(
    mirror: LocalArchives, archives: Archives, tmp_path: Path
) -> None:
    mirror.troubles[PATH] = [Trouble(drip_s=0.01)]
    stop = Event()
    with Connection(archives, tmp_path, stop) as connection:
        timer = Timer(0.3, stop.set)
        timer.start()
        with pytest.raises(FetchStoppedError):
            connection.download(mirror.address + PATH, check_fits, is_final=True)
        timer.join()
        with pytest.raises(FetchStoppedError):
            connection.listing(mirror.address + local.HMI)
    assert downloaded(archives, mirror, tmp_path) == mirror.files[PATH]
    asked = ranges(mirror)
    assert asked[0] is None
    assert str(asked[1]).startswith("bytes=")
