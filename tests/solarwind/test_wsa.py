"""The file of WSA's own specification."""

from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
import sunpy.map
from astropy.io import fits

from farside.solarwind import wsa
from farside.sun.carrington_grid import CarringtonGrid
from tests.solarwind.recognition import meets_the_wsa_specification, recognised
from tests.support.synchronic_maps import NOW, synchronic_map


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wsa.pack(synchronic_map()).write_to(tmp_path_factory.mktemp("wsa"))


def test_it_meets_the_specification(ours: Path) -> None:
    header = fits.getheader(ours)
    assert ours.name == "farside_wsa_201811060004.fits"
    assert meets_the_wsa_specification(header)
    assert (header["CTYPE1"], header["CTYPE2"]) == ("CRLN-CAR", "CRLT-CAR")
    assert header["CRROTEDG"] == int(header["MAPCR"]) == 2210


def test_no_reader_takes_it_for_a_map_of_another(ours: Path) -> None:
    assert not any(recognised(fits.getheader(ours)).values())


def test_sunpy_opens_it_with_the_date_and_corners(ours: Path) -> None:
    opened = sunpy.map.Map(fits.getdata(ours), fits.getheader(ours))
    assert opened.date.isot == NOW.isot
    for column, row, place in ((0, 0, (0.5, -89.5)), (359, 179, (359.5, 89.5))):
        corner = opened.pixel_to_world(column * u.pix, row * u.pix)
        assert corner.lon.to_value(u.deg) % 360 == pytest.approx(place[0])
        assert corner.lat.to_value(u.deg) == pytest.approx(place[1])


def test_flux_is_conserved_into_uniform_latitude(ours: Path) -> None:
    made, grid = synchronic_map(), CarringtonGrid(360, 180, "uniform")
    field = fits.getdata(ours).astype(float)
    wanted = float((made.field_gauss * made.grid.area).sum())
    assert float((field * grid.area).sum()) == pytest.approx(wanted, abs=1e-6)
    row, column = np.unravel_index(field.argmax(), field.shape)
    assert grid.longitude_deg[column] == pytest.approx(40.5, abs=1)
    assert grid.latitude_deg[row] == pytest.approx(20, abs=1)


def test_the_flux_scale_multiplies_the_field(ours: Path, tmp_path: Path) -> None:
    path = wsa.pack(synchronic_map(), flux_scale=2.0).write_to(tmp_path)
    assert fits.getheader(path)["FLUXSCAL"] == 2.0
    np.testing.assert_allclose(fits.getdata(path), 2 * fits.getdata(ours), rtol=1e-6)
