"""The hands: what they draw is where the Sun has it, and reads back as it was drawn."""

from functools import lru_cache

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time
from sunpy.coordinates import HeliographicCarrington, Helioprojective

from farside.disk.registration import register
from farside.io.formats import ScanFormat
from farside.io.wcs import disk_radius_arcsec
from farside.observation.drawing.read import read_drawing
from farside.observation.drawing.sidecar import read_side_car
from farside.observation.image import read
from farside.simulation.drawings.drawing import Drawing, draw, draw_on_grid
from farside.simulation.drawings.files import encoded, write_drawing
from farside.simulation.drawings.styles import DRAWING_STYLES
from farside.simulation.magnetic.spots import Spot
from farside.simulation.sun import SimulatedSun
from farside.sun.grid import Grid, Image
from farside.sun.observer import earth
from tests.support.once import once

TIME = Time("2014-04-01T15:00:00")
BLANK_DAY = Time("2008-12-01T15:00:00")
SUN = SimulatedSun(2)
GRID = Grid(256, 112.5)
INSIDE = GRID.radius_px() < 0.94 * GRID.disk_radius_px


@lru_cache
def drawn(hand: str, seed: int = 1) -> Drawing:
    return draw(SUN, TIME, DRAWING_STYLES[hand], np.random.default_rng(seed))


@lru_cache
def read_back(drawing: Drawing, form: ScanFormat = "png") -> Image:
    side_car = None if form == "fits" else drawing.side_car.to_json()
    data = encoded(drawing, TIME, form)
    return register(read_drawing(data, side_car), GRID).image


def place(spot: Spot) -> tuple[float, float]:
    """Row and column on the grid, by sunpy."""
    observer = earth(TIME).coordinate(TIME)
    stood = SkyCoord(
        spot.longitude_deg * u.deg,
        spot.latitude_deg * u.deg,
        frame=HeliographicCarrington(obstime=TIME, observer=observer),
    ).make_3d()
    seen = stood.transform_to(Helioprojective(obstime=TIME, observer=observer))
    scale = GRID.disk_radius_px / disk_radius_arcsec(earth(TIME).distance_m)
    return (
        GRID.centre_px + float(seen.Ty.to_value(u.arcsec)) * scale,
        GRID.centre_px + float(seen.Tx.to_value(u.arcsec)) * scale,
    )


@pytest.mark.parametrize("hand", DRAWING_STYLES)
def test_spots_are_drawn_and_read_where_they_are(hand: str) -> None:
    drawing = drawn(hand)
    image = read_back(drawing)
    largest = sorted(drawing.spots, key=lambda spot: -spot.area_msh)[:4]
    reach = int(np.ceil(2 + 3 * DRAWING_STYLES[hand].offset * GRID.disk_radius_px))
    for spot in largest:
        row, column = (round(index) for index in place(spot))
        if INSIDE[row, column]:
            around = image[row - reach : row + reach + 1, column - reach : column + reach + 1]
            assert around.min() < 0.75, f"{spot.longitude_deg:.1f} {spot.latitude_deg:.1f}"


@pytest.mark.parametrize("hand", DRAWING_STYLES)
def test_the_three_formats_read_as_the_same_disk(hand: str) -> None:
    drawing = drawn(hand)
    forms: tuple[ScanFormat, ...] = ("png", "jpeg", "fits")
    images = {form: read_back(drawing, form)[INSIDE] for form in forms}
    for form in ("jpeg", "fits"):
        assert np.corrcoef(images[form], images["png"])[0, 1] > 0.95
        assert np.abs(images[form] - images["png"]).mean() < 0.02


@pytest.mark.parametrize("hand", DRAWING_STYLES)
def test_straight_on_the_grid_a_hand_draws_what_its_scan_reads_as(hand: str) -> None:
    straight = draw_on_grid(SUN, TIME, DRAWING_STYLES[hand], GRID, np.random.default_rng(1))
    assert straight.dtype == np.float32
    assert not straight[~GRID.on_disk()].any()
    ours, theirs = straight[INSIDE], read_back(drawn(hand))[INSIDE]
    assert np.median(ours) == pytest.approx(np.median(theirs), abs=0.03)
    for percent, within in ((0.3, 0.2), (5, 0.08), (95, 0.08)):
        values = [np.percentile(values, percent) for values in (ours, theirs)]
        assert values[0] == pytest.approx(values[1], abs=within)
    ink = [float(np.maximum(0.85 - values, 0).sum()) for values in (ours, theirs)]
    # A careless hand misses other small spots each time.
    assert ink[0] == pytest.approx(ink[1], rel=0.5)


def test_the_same_seed_draws_the_same_sheet() -> None:
    first, again, other = (drawn("amateur", seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.sheet, again.sheet)
    assert first.side_car == again.side_car
    assert (first.sheet != other.sheet).any()


def test_a_careless_hand_misses_small_spots() -> None:
    careful, careless = (drawn(hand).spots for hand in ("tower", "galileo"))
    assert len(careless) < 0.6 * len(careful)
    assert min(spot.area_msh for spot in careless) > min(spot.area_msh for spot in careful)


def test_ink_of_1612_has_no_penumbra() -> None:
    """Of all that is inked on the disk, little is grey."""
    shares = {}
    for hand in ("tower", "galileo"):
        luminance = drawn(hand).sheet.mean(axis=2)
        paper, ink = np.mean(DRAWING_STYLES[hand].paper), np.mean(DRAWING_STYLES[hand].ink)
        weight = (paper - luminance) / (paper - ink)
        shares[hand] = np.mean(weight[weight > 0.2] < 0.55)
    assert shares["galileo"] < 0.5 * shares["tower"]


def test_a_blank_sun_is_a_blank_disk() -> None:
    drawing = draw(SimulatedSun(3), BLANK_DAY, DRAWING_STYLES["tower"], np.random.default_rng(1))
    assert not drawing.spots
    assert read_back(drawing)[INSIDE].min() > 0.85


def test_files_are_written_as_users_have_them(tmp_path_factory: pytest.TempPathFactory) -> None:
    early = Time("2012-06-01T15:00:00")
    how = (early, 2, "projection", "jpeg", 200.0)
    files = once(tmp_path_factory, "projected", write_drawing, *how)
    side_car = read_side_car(files.side_car.read_bytes())
    assert (side_car.mirrored, side_car.centre_px) == (True, None)
    assert read_drawing(files.drawing).origin.time == early
    assert read(files.truth).origin.is_magnetogram
