"""WSA's velocity file: shape, first column, and the cards of time and longitude."""

from dataclasses import replace
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time

from farside.errors import FormatError
from farside.quality import Quality
from farside.solarwind.velocity import SHAPE, VelocityMap, pack

LONGITUDE_DEG = np.arange(1.0, 360, 2)
TIME = Time("2024-05-09T07:09:56", scale="utc")
WIND = VelocityMap(
    time=TIME,
    field_nt=np.broadcast_to(LONGITUDE_DEG - 180, SHAPE),
    speed_km_s=np.broadcast_to(300 + np.arange(90.0)[:, None], SHAPE),
    law="285.0+625.0/((1.0+fexp)**(0.22222))",
    interface=2.5,
    source_surface=2.5,
    name="mrzqs240509t0604c2284_263.fits.gz",
    quality=Quality.SIMULATED_TRAINING,
)


def opened(wind: VelocityMap) -> tuple[fits.Header, np.ndarray]:
    file = pack(wind)
    (hdu,) = fits.HDUList.fromstring(file.content)
    return hdu.header, np.asarray(hdu.data)


def test_columns_begin_beside_the_leading_edge_and_rows_in_the_south() -> None:
    header, (field, speed) = opened(WIND)
    assert field.shape == (90, 180)
    expected = (header["CARRLONG"] + 1 + 2 * np.arange(180)) % 360
    np.testing.assert_allclose(field[40] + 180, expected)
    assert (np.diff(speed[:, 0]) > 0).all()


def test_the_cards_are_those_of_a_real_file_of_that_time() -> None:
    """NOAA's map of 2024-05-09 07:09:56, with its leading edge at 263° to our even degree."""
    header, _ = opened(WIND)
    assert header["CARRLONG"] == pytest.approx(263, abs=1)
    assert header["OBSLON"] == pytest.approx(322.91, abs=0.3)
    assert (header["CARROT"], header["OBSCAR"]) == (2284, 2284)
    assert header["OBSJUL"] == pytest.approx(2460439.7986, abs=1e-3)
    assert header["JULDATE"] == pytest.approx(2460430.7149, abs=0.15)
    assert header["ENDDATE"] == "2024:05:13"
    assert header["OBSTIME"] == "2024:05:09_07h:09m:56s"
    assert (header["UNITS1"], header["UNITS2"]) == ("nano-tesla", "km sec-1")
    assert pack(WIND).name == "farside_vel_21.5rs_202405090709.fits"
    assert "SIMULATED_TRAINING" in str(header["COMMENT"])


@pytest.mark.parametrize("day", range(0, 27, 3))
def test_the_leading_edge_has_the_rotation_that_gong_gives_it(day: int) -> None:
    header, _ = opened(replace(WIND, time=TIME + day * u.day))
    now = header["OBSCAR"] + (360 - header["OBSLON"]) / 360
    edge = header["CARROT"] + (360 - header["CARRLONG"]) / 360
    assert edge - now == pytest.approx(1 / 6, abs=0.005)


@pytest.mark.parametrize("plane", [np.full(SHAPE, np.nan), np.zeros((90, 90))])
def test_what_no_model_could_read_is_refused(plane: np.ndarray) -> None:
    with pytest.raises(FormatError, match="speed"):
        pack(replace(WIND, speed_km_s=plane))


def test_huxts_reader_finds_our_speed_and_field_at_their_places(tmp_path: Path) -> None:
    huxt = pytest.importorskip("huxt.huxt_inputs", reason="HUXt is not installed here")
    path = pack(WIND).write_to(tmp_path)
    speed, longitude, latitude, field, *_, rotation = huxt.get_WSA_maps(path)
    np.testing.assert_allclose(longitude.to_value("deg"), LONGITUDE_DEG)
    np.testing.assert_allclose(latitude.to_value("deg"), np.arange(-89.0, 90, 2))
    np.testing.assert_allclose(speed.to_value("km/s"), WIND.speed_km_s)
    np.testing.assert_allclose(field, WIND.field_nt)
    assert rotation == 2284
