"""The file in ADAPT's layout: its parts are the real file's, its spread is the map's SIGMA."""

from dataclasses import replace
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
import sunpy.map
from astropy.io import fits
from astropy.time import Time

from farside.solarwind import adapt
from farside.solarwind.adapt import polar_means
from farside.sun.carrington_grid import CarringtonGrid, resample
from farside.synchronic.base import read_base
from tests.solarwind.recognition import recognised
from tests.support.synchronic_maps import sources, synchronic_map

REAL = "adapt40411_02e012_201708132000_i00020000n0.fts"
GRID = CarringtonGrid(360, 180, "uniform")
CHECKS = {"CHECKSUM", "DATASUM"}


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return adapt.pack(synchronic_map()).write_to(tmp_path_factory.mktemp("adapt"))


@pytest.fixture(scope="module")
def real(shared_data: Path) -> Path:
    return shared_data / "real" / REAL


def test_the_name_tells_source_layout_time_age_and_the_far_side(ours: Path) -> None:
    assert ours.name == "adapt40411_02e012_201811060004_i00030000f0.fts"


def test_without_a_generated_disk_nothing_tells_of_a_far_side(tmp_path: Path) -> None:
    plain = np.minimum(synchronic_map().source, 1)
    path = adapt.pack(synchronic_map(source=plain, sources=sources()[:2])).write_to(tmp_path)
    assert path.name == "adapt40411_02e012_201811060004_i00030000n0.fts"
    header = fits.getheader(path)
    assert (header["HEL_TYPE"], header["LAST_FAR"]) == (0, -9999.0)


def test_a_map_of_gong_alone_names_gong_and_its_age(tmp_path: Path) -> None:
    none = np.zeros_like(synchronic_map().source)
    path = adapt.pack(synchronic_map(source=none, sources=sources()[:1])).write_to(tmp_path)
    assert path.name == "adapt40311_02e012_201811060004_i01000000n0.fts"
    assert fits.getheader(path)["MAPDATA"] == "GONG"


def test_the_far_side_has_its_age_in_the_slot_for_it(ours: Path) -> None:
    header = fits.getheader(ours)
    assert (header["HEL_TYPE"], header["LAST_FAR"]) == (1, 0.25)


def test_parts_types_and_shapes_are_those_of_the_real_file(ours: Path, real: Path) -> None:
    with fits.open(ours) as mine, fits.open(real) as theirs:
        for here, there in zip(mine, theirs, strict=True):
            assert here.header.get("EXTNAME") == there.header.get("EXTNAME")
            assert here.data.dtype == there.data.dtype
            assert here.data.shape == there.data.shape


def test_cards_are_those_of_the_real_file_with_values_of_the_same_kind(
    ours: Path, real: Path
) -> None:
    with fits.open(ours) as mine, fits.open(real) as theirs:
        for number, (here, there) in enumerate(zip(mine, theirs, strict=True)):
            assert set(there.header) <= set(here.header)
            if number:
                assert set(here.header) - set(there.header) == CHECKS
            for key, value in there.header.items():
                assert type(here.header[key]) is type(value), key


def test_cards_that_place_the_map_are_those_of_the_real_file(tmp_path: Path, real: Path) -> None:
    time = Time("2017-08-13T20:00:00", scale="utc")
    mine = fits.getheader(adapt.pack(synchronic_map(time=time)).write_to(tmp_path))
    theirs = fits.getheader(real)
    same = "MAPTIME MAPDATA MAPTYPE MAPPARAM CRLNGEDG CRROTEDG MAPCREDG GRID ATTR_RES "
    same += "LNGTYPE LATTYPE MODEL MODELDA MODELVER WCSNAME NREAL MISSING LASTSITE ADD_DATE ADD_UT "
    same += "CTYPE1 CTYPE2 CRPIX1 CRPIX2 CUNIT1 CUNIT2 CDELT1 CDELT2 CRVAL1 CRVAL2 COVERAGE"
    for key in same.split():
        assert mine[key] == theirs[key], key
    for key, tolerance in (
        ("MAPJUL", 1e-7),
        ("MAPLON", 0.06),
        ("MAPCR", 2e-4),
        ("EPHEM_B0", 0.005),
    ):
        assert mine[key] == pytest.approx(theirs[key], abs=tolerance), key


def test_readers_take_it_for_what_they_take_the_real_file_for(ours: Path, real: Path) -> None:
    found = recognised(fits.getheader(ours))
    assert found == recognised(fits.getheader(real))
    assert found["swmf_takes_for_adapt"]


def test_sunpy_opens_a_realisation_with_the_date_and_corners(ours: Path) -> None:
    with fits.open(ours) as hdus:
        opened = sunpy.map.Map(hdus[0].data[0], hdus[0].header)
    assert isinstance(opened, sunpy.map.sources.ADAPTMap)
    assert opened.date.isot == "2018-11-06T00:04:30.000"
    for column, row, place in ((0, 0, (0.5, -89.5)), (359, 179, (359.5, 89.5))):
        corner = opened.pixel_to_world(column * u.pix, row * u.pix)
        assert corner.lon.to_value(u.deg) % 360 == pytest.approx(place[0])
        assert corner.lat.to_value(u.deg) == pytest.approx(place[1])


def test_statistics_are_made_as_those_of_the_real_file(real: Path) -> None:
    with fits.open(real) as hdus:
        for field, row in zip(hdus[0].data, hdus["ensemStatInfo2"].data, strict=True):
            np.testing.assert_allclose(polar_means(field.astype(float), GRID), list(row), atol=2e-6)


def test_statistics_are_those_of_the_realisations_in_the_file(ours: Path) -> None:
    with fits.open(ours) as hdus:
        for field, row in zip(hdus[0].data, hdus["ensemStatInfo2"].data, strict=True):
            np.testing.assert_allclose(polar_means(field.astype(float), GRID), list(row), atol=1e-4)
        assert hdus[0].header["MONOFINL"] == pytest.approx(
            hdus["ensemStatInfo2"].data["mnMapAll"][0], abs=1e-6
        )
        assert hdus[0].header["MONOINIT"] == pytest.approx(
            hdus["ensemStatInfo"].data["mnMapAll"][0], abs=1e-6
        )


def test_realisations_scatter_around_the_map_by_its_sigma(ours: Path) -> None:
    made = synchronic_map()
    field, sigma = (resample(v, made.grid, GRID) for v in (made.field_gauss, made.sigma_gauss))
    stack, deviation = fits.getdata(ours, 0).astype(float), fits.getdata(ours, "STDDEV")
    np.testing.assert_allclose(deviation, sigma, rtol=1e-6)
    off = (stack - field) / sigma
    area = np.broadcast_to(GRID.area, GRID.shape)
    for third in (slice(0, 120), slice(120, 240), slice(240, 360)):
        spread = np.average(off[:, :, third] ** 2, weights=np.tile(area[:, third], (12, 1, 1)))
        assert spread == pytest.approx(1, abs=0.1)
    mean = np.average((off.mean(axis=0)) ** 2, weights=area)
    assert mean == pytest.approx(1 / 12, rel=0.4)


def test_realisations_are_no_white_noise(ours: Path) -> None:
    made = synchronic_map()
    off = fits.getdata(ours, 0).astype(float) - resample(made.field_gauss, made.grid, GRID)
    off = off[:, 40:140]

    def correlation(step: int) -> float:
        return float((off[:, :-step] * off[:, step:]).mean() / (off**2).mean())

    assert correlation(1) > 0.9
    # A little less than 1/e at the length of the map: there is little net flux over 20°.
    assert correlation(6) == pytest.approx(0.25, abs=0.1)


def test_the_same_map_gives_the_same_file_and_another_another(ours: Path, tmp_path: Path) -> None:
    again = adapt.pack(synchronic_map()).write_to(tmp_path)
    assert again.read_bytes() == ours.read_bytes()
    other = adapt.pack(synchronic_map(sigma_gauss=synchronic_map().sigma_gauss + 1)).write_to(
        tmp_path
    )
    assert not np.array_equal(fits.getdata(other, 0), fits.getdata(ours, 0))


def test_nothing_is_missing_and_no_realisation_has_a_net_flux(ours: Path) -> None:
    stack = fits.getdata(ours, 0).astype(float)
    assert np.isfinite(stack).all()
    np.testing.assert_allclose((stack * GRID.area).sum(axis=(1, 2)), 0, atol=1e-4)


def test_the_flux_scale_multiplies_field_and_deviation(ours: Path, tmp_path: Path) -> None:
    path = adapt.pack(synchronic_map(), flux_scale=1.25).write_to(tmp_path)
    assert fits.getheader(path)["FLUXSCAL"] == 1.25
    for part in (0, "STDDEV"):
        np.testing.assert_allclose(
            fits.getdata(path, part), 1.25 * fits.getdata(ours, part), rtol=1e-4, atol=1e-4
        )


def test_a_disk_seen_after_the_time_of_the_map_has_no_age(tmp_path: Path) -> None:
    base, observed, generated = sources()
    later = replace(observed, time=observed.time + 6 * u.hour)
    path = adapt.pack(synchronic_map(sources=(base, later, generated))).write_to(tmp_path)
    assert "_i00000000f0" in path.name


def test_it_comes_back_as_a_base_map_with_its_sigma(ours: Path) -> None:
    base = read_base(ours)
    assert base.instrument == "FARSIDE"
    assert base.grid == GRID
    np.testing.assert_array_equal(base.sigma_gauss, fits.getdata(ours, "STDDEV"))
    np.testing.assert_allclose(base.field_gauss, fits.getdata(ours, 0).astype(float).mean(axis=0))
