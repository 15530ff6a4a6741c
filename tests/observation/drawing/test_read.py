"""Reading drawings: three formats, orientation, disk, paper, and everything that is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import GCRS, SkyCoord
from astropy.time import Time
from hypothesis import given, settings
from hypothesis import strategies as st
from sunpy.coordinates import HeliographicStonyhurst, Helioprojective
from sunpy.coordinates import sun as ephemeris

from farside.disk.registration import register
from farside.errors import (
    FileTooLargeError,
    ImplausibleGeometryError,
    InputError,
    MissingMetadataError,
    NoDiskError,
    PartialDiskError,
    SideCarError,
    UnreadablePictureError,
)
from farside.io.wcs import disk_radius_arcsec
from farside.observation.drawing.read import is_drawing, read_drawing
from farside.observation.image import Observation
from farside.quality import Quality
from farside.sun.grid import Grid, Image
from farside.sun.observer import earth
from tests.support.drawn_suns import TIME, Picture, Plain, as_fits, encoded, side_car

GRID = Grid(256, 112.5)
PLAIN = Plain()
NORTH_UP = side_car(north_up=True)


def arcsec_header(plain: Plain = PLAIN, **changes: str | float) -> dict[str, str | float]:
    scale = disk_radius_arcsec(earth(Time(TIME)).distance_m) / plain.radius
    cards: dict[str, str | float] = {
        "DATE-OBS": TIME, "CTYPE1": "HPLN-TAN", "CTYPE2": "HPLT-TAN", "CRVAL1": 0.0, "CRVAL2": 0.0,
        "CUNIT1": "arcsec", "CUNIT2": "arcsec", "CDELT1": scale, "CDELT2": scale, "CROTA2": 0.0,
        "CRPIX1": plain.centre[0] + 1, "CRPIX2": plain.size[0] - plain.centre[1],
    }  # fmt: skip
    return cards | changes


def registered(observation: Observation) -> Image:
    return register(observation, GRID).image


def darkest(image: Image, within: float = 0.9) -> tuple[float, float]:
    """Centre of ink on a registered disk, (west, north) in disk radii."""
    ink = np.where(GRID.radius_px() < within * GRID.disk_radius_px, 1 - image, 0)
    ink = np.where(ink > 0.3, ink, 0)
    row, column = np.indices(ink.shape)
    west, north = (
        float((ink * index).sum() / ink.sum() - GRID.centre_px) for index in (column, row)
    )
    return west / GRID.disk_radius_px, north / GRID.disk_radius_px


def test_png_jpeg_and_fits_give_the_same_registered_disk() -> None:
    picture = PLAIN.picture((0.3, 0.4), (-0.5, -0.1))
    png = registered(read_drawing(encoded(picture), NORTH_UP))
    jpeg = registered(read_drawing(encoded(picture, "JPEG"), NORTH_UP))
    bare = registered(read_drawing(as_fits(picture), NORTH_UP))
    whole = registered(read_drawing(as_fits(picture, **arcsec_header())))
    inside = GRID.radius_px() < 0.95 * GRID.disk_radius_px
    assert np.nanmin(png) < 0.2
    np.testing.assert_allclose(bare[inside], png[inside], atol=1e-5)
    np.testing.assert_allclose(whole[inside], png[inside], atol=0.1)  # the limb found, or given
    assert np.abs(jpeg - png)[inside].mean() < 0.01


def test_blank_paper_is_one_and_ink_near_zero_whatever_the_paper() -> None:
    clean = PLAIN.picture((0.3, 0.4))
    rows, columns = np.indices(clean.shape)
    shade = 0.5 + 0.4 * columns / clean.shape[1] - 0.1 * rows / clean.shape[0]
    uneven = registered(read_drawing(encoded((clean * shade).astype(np.uint8)), NORTH_UP))
    even = registered(read_drawing(encoded(clean), NORTH_UP))
    inside = GRID.radius_px() < 0.95 * GRID.disk_radius_px
    assert np.median(uneven[inside]) == pytest.approx(1, abs=0.01)
    assert 0 < np.min(uneven[inside]) < 0.15
    np.testing.assert_allclose(uneven[inside], even[inside], atol=0.08)


def test_white_on_black_is_inverted_and_says_so() -> None:
    picture = PLAIN.picture((0.3, 0.4))
    plain = read_drawing(encoded(picture), NORTH_UP)
    inverted = read_drawing(encoded(255 - picture), NORTH_UP)
    inside = GRID.radius_px() < 0.95 * GRID.disk_radius_px
    apart = registered(inverted) - registered(plain)
    assert np.abs(apart[inside]).max() < 0.1
    assert "white on black, inverted" in inverted.origin.notes
    assert "white on black, inverted" not in plain.origin.notes


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("place", [(20.0, 15.0), (-40.0, -25.0), (5.0, 50.0)])
@pytest.mark.parametrize("day", ["2014-04-01", "2014-10-10", "2014-07-05"])
def test_a_spot_drawn_with_celestial_north_up_lands_where_it_stood(
    day: str, place: tuple[float, float], mirrored: bool
) -> None:
    time = Time(f"{day}T15:00:00")
    earthly = earth(time)
    stood = SkyCoord(
        place[0] * u.deg, place[1] * u.deg, frame=HeliographicStonyhurst(obstime=time)
    ).make_3d()
    seen = GCRS(obstime=time)
    middle = SkyCoord(0 * u.deg, 0 * u.deg, 0 * u.m, frame=HeliographicStonyhurst(obstime=time))
    spot, centre = stood.transform_to(seen), middle.transform_to(seen)
    radius = disk_radius_arcsec(earthly.distance_m)
    offset_east, offset_north = (
        each.to_value("arcsec") / radius for each in centre.spherical_offsets_to(spot)
    )
    right = offset_east if mirrored else -offset_east
    beside = side_car(
        time_utc=time.isot, position_angle_deg=float(ephemeris.P(time).deg), mirrored=mirrored
    )
    image = registered(read_drawing(encoded(PLAIN.picture((right, offset_north))), beside))
    wanted = stood.transform_to(Helioprojective(observer=earthly.coordinate(time), obstime=time))
    west, north = (angle.to_value("arcsec") / radius for angle in (wanted.Tx, wanted.Ty))
    assert darkest(image) == pytest.approx((west, north), abs=0.006)


@settings(max_examples=30)
@given(st.floats(-180, 180), st.booleans())
def test_turning_the_paper_changes_nothing(angle_deg: float, mirrored: bool) -> None:
    west, north = 0.4, 0.3
    turn = np.radians(angle_deg)
    right = west * np.cos(turn) - north * np.sin(turn)
    up = west * np.sin(turn) + north * np.cos(turn)
    picture = PLAIN.picture((-right if mirrored else right, up))
    beside = side_car(
        position_angle_deg=angle_deg, mirrored=mirrored, centre_px=PLAIN.centre,
        radius_px=PLAIN.radius,
    )  # fmt: skip
    found = darkest(registered(read_drawing(encoded(picture), beside)))
    assert found == pytest.approx((west, north), abs=0.006)


def test_the_fits_header_turns_as_the_side_car_does() -> None:
    picture = PLAIN.picture((0.4, 0.3))
    by_header = read_drawing(as_fits(picture, **arcsec_header(CROTA2=20.0)))
    by_side_car = read_drawing(as_fits(picture), side_car(position_angle_deg=-20.0))
    assert darkest(registered(by_header)) == pytest.approx(
        darkest(registered(by_side_car)), abs=0.003
    )


def test_the_side_car_goes_before_the_header() -> None:
    data = as_fits(PLAIN.picture((0.4, 0.3)), **arcsec_header(CROTA2=90.0))
    beside = side_car(time_utc="2014-04-02T09:00:00", north_up=True)
    observation = read_drawing(data, beside)
    assert observation.origin.time.isot == "2014-04-02T09:00:00.000"
    assert darkest(registered(observation)) == pytest.approx((0.4, 0.3), abs=0.006)


def test_the_disk_may_be_given_from_the_top_left_or_in_fits_the_bottom_left() -> None:
    blank = PLAIN.picture((0.4, 0.3), limb=False)
    x, y = PLAIN.centre
    top = side_car(north_up=True, centre_px=(x, y), radius_px=PLAIN.radius)
    bottom = side_car(north_up=True, centre_px=(x, PLAIN.size[0] - 1 - y), radius_px=PLAIN.radius)
    for observation in (read_drawing(encoded(blank), top), read_drawing(as_fits(blank), bottom)):
        assert darkest(registered(observation)) == pytest.approx((0.4, 0.3), abs=0.006)


def test_origin_is_a_drawing_from_earth(tmp_path: Path) -> None:
    data = encoded(PLAIN.picture((0.4, 0.3)))
    path = tmp_path / "20140401.png"
    path.write_bytes(data)
    path.with_suffix(".json").write_bytes(side_car(north_up=True, observer="A. N."))
    observation = read_drawing(path)
    origin = observation.origin
    assert str(origin) == "DRAWING WHITE 2014-04-01T15:00:00"
    assert origin.observer == earth(origin.time)
    assert origin.sha256 == hashlib.sha256(data).hexdigest()
    assert (origin.name, origin.quality) == (path.name, Quality.GOOD)
    assert "drawn by A. N." in origin.notes
    assert observation.pixels.dtype == np.float32
    assert observation.to_map().reference_date.isot == origin.time.isot


def test_a_day_alone_is_its_noon_and_says_so() -> None:
    picture = PLAIN.picture()
    for observation in (
        read_drawing(encoded(picture), side_car(time_utc="2014-04-01", north_up=True)),
        read_drawing(as_fits(picture, **(arcsec_header() | {"DATE-OBS": "2014-04-01"}))),
    ):
        assert observation.origin.time.isot == "2014-04-01T12:00:00.000"
        assert any("only the day is known" in note for note in observation.origin.notes)


@pytest.mark.filterwarnings("ignore:ERFA function")
@pytest.mark.filterwarnings("ignore:Tried to get polar motions")
def test_a_drawing_of_1612_has_an_observer() -> None:
    # Before 1960 there is no UTC; astropy and ERFA warn, and Earth is where they put it.
    beside = side_car(time_utc="1612-06-23", position_angle_deg=-10.0, mirrored=True)
    origin = read_drawing(encoded(PLAIN.picture((0.2, 0.2))), beside).origin
    assert origin.time.isot.startswith("1612-06-23")
    assert origin.observer.latitude_deg == pytest.approx(2.6, abs=0.1)
    assert origin.observer.distance_m == pytest.approx(1.521e11, rel=1e-3)


@pytest.mark.parametrize(
    ("beside", "error", "found"),
    [
        (None, MissingMetadataError, "no date: found none, expected time_utc"),
        (b'{"north_up": true}', MissingMetadataError, "no date"),
        (side_car(), MissingMetadataError, "position_angle_deg or north_up"),
        (side_car(time_utc="0012-01-01", north_up=True), MissingMetadataError, "1600 to 2100"),
        (b"not json", SideCarError, "side-car"),
        (
            side_car(north_up=True, centre_px=(20.0, 20.0), radius_px=200.0),
            PartialDiskError,
            "is not inside 500 by 560",
        ),
    ],
)
def test_what_a_side_car_lacks_is_an_error(
    beside: bytes | None, error: type[InputError], found: str
) -> None:
    with pytest.raises(error, match=found) as caught:
        read_drawing(encoded(PLAIN.picture()), beside, "sun.png")
    assert caught.value.files == ("sun.png",)


def test_a_drawing_without_a_disk_is_refused() -> None:
    for picture in (PLAIN.picture((0.2, 0.2), limb=False), np.full((300, 300), 255, np.uint8)):
        with pytest.raises(NoDiskError, match="expected"):
            read_drawing(encoded(picture), NORTH_UP)


def test_a_mirrored_fits_header_is_refused() -> None:
    header = arcsec_header()
    header["CDELT1"] = -float(header["CDELT1"])
    with pytest.raises(ImplausibleGeometryError, match="mirrored"):
        read_drawing(as_fits(PLAIN.picture(), **header))


def test_a_large_file_is_refused() -> None:
    with pytest.raises(FileTooLargeError, match="at most 1000"):
        read_drawing(encoded(PLAIN.picture()), NORTH_UP, max_bytes=1000)


def test_a_fits_file_without_any_value_is_refused() -> None:
    with pytest.raises(UnreadablePictureError, match="no pixel has a value"):
        read_drawing(as_fits(np.full((80, 80), np.nan, np.float32)), NORTH_UP)


@pytest.mark.parametrize(
    ("data", "is_one"),
    [
        (encoded(PLAIN.picture()), True),
        (encoded(PLAIN.picture(), "JPEG"), True),
        (as_fits(PLAIN.picture(), CONTENT="Sunspot drawing"), True),
        (as_fits(PLAIN.picture()), False),
        (b"", False),
    ],
)
def test_drawings_are_known_by_their_bytes(data: bytes, is_one: bool) -> None:
    assert is_drawing(data) is is_one


SEEDS = [encoded(PLAIN.picture()[::4, ::4]), encoded(PLAIN.picture(), "JPEG"),
         as_fits(PLAIN.picture()[::4, ::4], **arcsec_header())]  # fmt: skip


@settings(max_examples=60)
@given(
    st.one_of(st.binary(max_size=300), st.sampled_from(SEEDS)),
    st.binary(max_size=40),
    st.integers(0, 3000),
    st.one_of(st.binary(max_size=100), st.just(NORTH_UP), st.none()),
)
def test_any_bytes_give_an_observation_or_an_input_error(
    data: bytes, junk: bytes, at: int, beside: bytes | None
) -> None:
    hostile = data[:at] + junk + data[at + len(junk) :]
    try:
        observation = read_drawing(hostile, beside)
    except InputError:
        return
    assert np.isfinite(observation.pixels).all()


def test_a_picture_of_any_shape_gives_an_observation_or_an_input_error() -> None:
    rng = np.random.default_rng(0)
    pictures: list[Picture] = [
        rng.integers(0, 255, shape).astype(np.uint8) for shape in ((64, 3000), (64, 64), (100, 65))
    ]
    for picture in pictures:
        with pytest.raises(NoDiskError):
            read_drawing(encoded(picture), NORTH_UP)
