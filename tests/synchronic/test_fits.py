"""Our own file: it comes back, it opens elsewhere, and it says what the map is made of."""

import io
from dataclasses import fields, replace
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
import sunpy.map
from astropy.io import fits
from astropy.time import Time
from hypothesis import given, settings
from hypothesis import strategies as st
from sunpy.coordinates import get_earth

from farside.errors import (
    DamagedImageError,
    FormatError,
    ImplausibleGeometryError,
    InputError,
    MissingMetadataError,
    NotFitsError,
)
from farside.io.cards import unquote_name
from farside.quality import Quality
from farside.sun.carrington_grid import CarringtonGrid
from farside.synchronic import fits as synchronic_fits
from farside.synchronic.map import MapSource, Overlap, SynchronicMap
from tests.support.synchronic_maps import GENERATOR, NOW, sources, synchronic_map

CREATED = Time("2026-01-01T00:00:00", scale="utc")
SMALL = CarringtonGrid(72, 36)


def described(source: MapSource) -> dict[str, object]:
    """Its fields, with times to the millisecond."""
    found = {field.name: getattr(source, field.name) for field in fields(source)}
    return found | {"time": source.time.utc.isot}


def assert_same(one: SynchronicMap, other: SynchronicMap) -> None:
    for name in ("field_gauss", "source", "age_days", "sigma_gauss"):
        np.testing.assert_array_equal(
            np.float32(getattr(one, name)), np.float32(getattr(other, name))
        )
    for name in ("grid", "correlation_length_deg", "balance", "quality"):
        assert getattr(one, name) == getattr(other, name)
    assert one.time.utc.isot == other.time.utc.isot
    assert list(map(described, one.sources)) == list(map(described, other.sources))


@pytest.mark.parametrize(
    "grid", [CarringtonGrid(), SMALL, CarringtonGrid(72, 36, "uniform")], ids=str
)
def test_reading_back_gives_the_same_map(grid: CarringtonGrid, tmp_path: Path) -> None:
    made = synchronic_map(grid)
    path = synchronic_fits.write(made, tmp_path / "map.fits")
    assert_same(synchronic_fits.read(path), made)
    assert [entry.name for entry in tmp_path.iterdir()] == ["map.fits"]


def test_a_map_read_back_is_written_as_the_same_bytes() -> None:
    data = synchronic_fits.to_bytes(synchronic_map(SMALL), CREATED)
    assert synchronic_fits.to_bytes(synchronic_fits.read(data), CREATED) == data


@settings(max_examples=12)
@given(
    name=st.text(max_size=100),
    weight=st.floats(0, 1),
    skill=st.none() | st.floats(-1, 1),
    slope=st.none() | st.floats(-5, 5),
    clip=st.none() | st.floats(1, 5000),
    quality=st.integers(0, 2047),
)
def test_any_source_comes_back(
    name: str,
    weight: float,
    skill: float | None,
    slope: float | None,
    clip: float | None,
    quality: int,
) -> None:
    base, observed, generated = sources()
    generated = replace(
        generated,
        name=name,
        weight=weight,
        skill=skill,
        overlap=None if slope is None else Overlap(0.5, slope, 0.9, 0.1),
        generator=replace(GENERATOR, saturation_gauss=clip, skill=None),
        quality=Quality(quality),
    )
    made = synchronic_map(SMALL, sources=(base, observed, generated), quality=Quality(quality))
    assert_same(synchronic_fits.read(synchronic_fits.to_bytes(made)), made)


def test_sunpy_opens_it_with_earth_as_observer_and_the_right_corners(tmp_path: Path) -> None:
    path = synchronic_fits.write(synchronic_map(), tmp_path / "map.fits")
    opened = sunpy.map.Map(fits.getdata(path), fits.getheader(path))
    assert opened.date.isot == NOW.isot
    assert opened.unit == u.G
    earth = get_earth(NOW)
    assert opened.observer_coordinate.separation_3d(earth).to_value(u.km) < 20_000
    for column, row, longitude, sine in ((0, 0, 0.5, -179 / 180), (359, 179, 359.5, 179 / 180)):
        corner = opened.pixel_to_world(column * u.pix, row * u.pix)
        assert corner.lon.to_value(u.deg) % 360 == pytest.approx(longitude)
        assert np.sin(corner.lat.to_value(u.rad)) == pytest.approx(sine)


def test_sunpy_finds_the_rows_of_a_map_in_uniform_latitude(tmp_path: Path) -> None:
    path = synchronic_fits.write(
        synchronic_map(CarringtonGrid(180, 90, "uniform")), tmp_path / "map.fits"
    )
    opened = sunpy.map.Map(fits.getdata(path), fits.getheader(path))
    corner = opened.pixel_to_world(0 * u.pix, 0 * u.pix)
    assert (corner.lon.to_value(u.deg), corner.lat.to_value(u.deg)) == pytest.approx((1, -89))


def test_planes_have_their_names_types_and_coordinates(tmp_path: Path) -> None:
    path = synchronic_fits.write(synchronic_map(), tmp_path / "map.fits")
    with fits.open(path) as hdus:
        planes = {hdu.name: (hdu.data.dtype.str[1:], hdu.data.shape) for hdu in hdus[:5]}
        assert planes == {
            "PRIMARY": ("f4", (180, 360)),
            "PROVENANCE": ("u1", (180, 360)),
            "SOURCE": ("u1", (180, 360)),
            "AGE": ("f4", (180, 360)),
            "SIGMA": ("f4", (180, 360)),
        }
        assert hdus[6].name == "SOURCES"
        assert all(hdu.header["CTYPE1"] == "CRLN-CEA" for hdu in hdus[:5])
        assert np.unique(hdus["PROVENANCE"].data[:, ::120]).tolist() == [0, 1, 2]


def test_flags_say_what_the_map_is_made_of() -> None:
    header = fits.Header.fromstring(synchronic_fits.to_bytes(synchronic_map(), CREATED))
    flags = {
        "AIGEN": True,
        "AIMODEL": "demo",
        "AIMODVER": "3",
        "AITRAIN": "SIMULATED",
        "AICLIP": 3000.0,
        "AIFRAC": 0.333333,
        "OBSFRAC": 0.333333,
        "BASEMAP": "mrzqs%20old.fits.gz",
        "BASEAGE": 1.0,
        "STALON": -103.123456789,
        "STASRC": "BEACON",
        "STAAGE": 6.0,
        "OVL_CC": 0.62,
        "OVL_SLOP": 0.8,
        "OVL_SRC": "OVERLAP",
        "NETFLX0": -0.4,
        "NETFLX1": 1e-9,
        "FLUXSCAL": 1.0,
        "QUALITY": 514,
    }
    assert {key: header[key] for key in flags} == flags
    assert "QUALITY bit 2: BEACON" in str(header["COMMENT"])
    for source in sources():
        assert source.sha256 in str(header["HISTORY"])


def test_a_base_map_with_quotes_in_its_name_is_one_card() -> None:
    base, *others = sources()
    made = synchronic_map(sources=(replace(base, name="'" * 60), *others))
    data = synchronic_fits.to_bytes(made)
    header = fits.Header.fromstring(data)
    assert "CONTINUE" not in header
    assert unquote_name(header["BASEMAP"].rsplit("%", 1)[0]).strip("'") == ""
    assert synchronic_fits.read(data).sources[0].name == "'" * 60


def test_the_part_of_the_flux_that_was_generated_is_that_of_its_pixels() -> None:
    made = synchronic_map(
        SMALL, field_gauss=np.where(np.arange(72) < 48, -1.0, 4.0) * np.ones(SMALL.shape)
    )
    header = fits.Header.fromstring(synchronic_fits.to_bytes(made))
    assert header["AIFRACFL"] == pytest.approx(4 / (1 + 1 + 4), abs=1e-6)


def test_without_overlap_the_skill_of_the_recipe_stands_and_says_so() -> None:
    base, observed, generated = sources()
    made = synchronic_map(SMALL, sources=(base, observed, replace(generated, overlap=None)))
    header = fits.Header.fromstring(synchronic_fits.to_bytes(made))
    assert (header["OVL_CC"], header["OVL_SRC"]) == (0.7, "RECIPE")
    assert "OVL_SLOP" not in header


def test_a_map_without_generated_disk_says_so() -> None:
    made = synchronic_map(SMALL, source=np.ones(SMALL.shape, np.uint8), sources=sources()[:2])
    header = fits.Header.fromstring(synchronic_fits.to_bytes(made))
    assert (header["AIGEN"], header["AIFRAC"], header["OBSFRAC"]) == (False, 0.0, 1.0)
    assert not {"AIMODEL", "STALON", "OVL_CC"} & set(header)
    assert_same(synchronic_fits.read(synchronic_fits.to_bytes(made)), made)


def test_every_byte_of_the_planes_counts() -> None:
    data = bytearray(synchronic_fits.to_bytes(synchronic_map(SMALL)))
    with fits.open(io.BytesIO(bytes(data))) as hdus:
        starts = [hdu.fileinfo()["datLoc"] for hdu in hdus]
    for start in starts:
        altered = data.copy()
        altered[start + 100] ^= 1
        with pytest.raises(DamagedImageError, match="CHECKSUM"):
            synchronic_fits.read(bytes(altered))


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_refused(part: float) -> None:
    data = synchronic_fits.to_bytes(synchronic_map(SMALL))
    with pytest.raises(NotFitsError, match="truncated"):
        synchronic_fits.read(data[: int(part * len(data)) | 1])  # inside a block


def test_what_is_no_map_of_ours_is_refused() -> None:
    with pytest.raises(NotFitsError):
        synchronic_fits.read(b"not a map")
    with pytest.raises(MissingMetadataError, match="CONTENT"):
        synchronic_fits.read(header_only())


def header_only() -> bytes:
    file = io.BytesIO()
    fits.PrimaryHDU(np.zeros((2, 2))).writeto(file)
    return file.getvalue()


def changed(name: str, value: float) -> bytes:
    """A map with another value in the corner of a plane, and checksums to match."""
    with fits.open(io.BytesIO(synchronic_fits.to_bytes(synchronic_map(SMALL)))) as hdus:
        hdus[name].data[0, 0] = value
        for hdu in hdus:
            hdu.add_checksum()
        file = io.BytesIO()
        hdus.writeto(file)
    return file.getvalue()


def test_a_source_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(ImplausibleGeometryError, match="row 3, the table SOURCES has 3"):
        synchronic_fits.read(changed("SOURCE", 3))


@pytest.mark.parametrize("name", ["PRIMARY", "AGE", "SIGMA"])
def test_a_plane_without_a_value_somewhere_is_refused(name: str) -> None:
    with pytest.raises(DamagedImageError, match=f"1 pixels of {name} are not finite"):
        synchronic_fits.read(changed(name, np.nan))


@pytest.mark.filterwarnings("ignore:.*:astropy.io.fits.verify.VerifyWarning")
def test_a_header_that_does_not_parse_is_refused() -> None:
    data = bytearray(synchronic_fits.to_bytes(synchronic_map(SMALL)))
    start = data.index(b"XTENSION")
    data[start + 160 : start + 240] = b"NAXIS   = many".ljust(80)
    with pytest.raises(InputError):
        synchronic_fits.read(bytes(data))


def test_a_folder_is_given_a_name_and_no_flux_scale(tmp_path: Path) -> None:
    path = synchronic_fits.pack(synchronic_map(SMALL)).write_to(tmp_path / "new")
    assert path == tmp_path / "new" / "farside_synchronic_20181106T000430.fits"
    with pytest.raises(FormatError, match="expected 1 for the native format"):
        synchronic_fits.pack(synchronic_map(SMALL), flux_scale=0.65)


def test_a_missing_pixel_is_refused(tmp_path: Path) -> None:
    sigma = synchronic_map(SMALL).sigma_gauss.copy()
    sigma[0, 0] = np.inf
    with pytest.raises(FormatError, match="1 pixels of the map's sigma"):
        synchronic_fits.write(synchronic_map(SMALL, sigma_gauss=sigma), tmp_path / "map.fits")
    assert list(tmp_path.iterdir()) == []
