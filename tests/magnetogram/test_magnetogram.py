"""FITS product: header cards, third-party readers, and round trip."""

import gzip
import io
from dataclasses import replace
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
import sunpy.map
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.time import Time
from hypothesis import given, settings
from hypothesis import strategies as st
from sunpy.coordinates import HeliographicCarrington, HeliographicStonyhurst

from farside.errors import DamagedImageError, MissingMetadataError, NotFitsError
from farside.magnetogram.magnetogram import Brightness, Input, Magnetogram, ModelProvenance
from farside.observation.image import Origin
from farside.quality import Quality
from farside.sun.grid import Grid
from farside.sun.observer import ASTRONOMICAL_UNIT_M, SOLAR_RADIUS_M, Observer

GRID = Grid(128, 56.25)
NOW = Time("2022-11-14T00:05:30.123", scale="utc")
THEN = Time("2022-11-08T16:40:00.000", scale="utc")
STEREO_A = Observer(-70.123456789012, 6.54321, 144_123_456_789.123)
EARTH = Observer(0.0, 3.2, ASTRONOMICAL_UNIT_M)
CREATED = Time("2026-01-01T00:00:00", scale="utc")


def given_as(role: str, instrument: str, band: str, name: str = "file.fts") -> Input:
    view, time = (STEREO_A, NOW) if role == "observation" else (EARTH, THEN)
    origin = Origin(
        instrument, band, time, view, name, f"{len(band):064x}", Quality.BEACON, ("a", "b")
    )
    return Input(role, origin, clipped_fraction=0.01)  # type: ignore[arg-type]  # a literal role


def magnetogram(**update: object) -> Magnetogram:
    rng = np.random.default_rng(0)
    image = rng.normal(0, 200, (GRID.size_px, GRID.size_px)).astype(np.float32)
    image[~GRID.on_disk()] = np.nan
    made = Magnetogram(
        image=image,
        grid=GRID,
        time=NOW,
        observer=STEREO_A,
        spacecraft="STEREO_A",
        quality=Quality.BEACON | Quality.SIMULATED_TRAINING,
        generator=ModelProvenance("demo", "3", "0f" * 32, "SIMULATED", "torch", "float32", 3000.0),
        inputs=(given_as("observation", "EUVI-A", "304"), given_as("reference", "HMI", "LOS")),
    )
    return replace(made, **update)  # type: ignore[arg-type]  # fields by name


def with_sigma() -> Magnetogram:
    return magnetogram(sigma=np.full_like(magnetogram().image, 20.0))


def with_tails() -> Magnetogram:
    made = with_sigma()
    return replace(made, generator=replace(made.generator, degrees_of_freedom=3.0))


def with_brightness() -> Magnetogram:
    bright = np.where(GRID.on_disk(), np.float32(1.5), np.float32(np.nan))
    return magnetogram(
        brightness=(Brightness("AIA 304", bright), Brightness("AIA 193", 2 * bright))
    )


@pytest.mark.parametrize(
    "made",
    [magnetogram(), with_sigma(), with_tails(), with_brightness(), magnetogram(inputs=())],
)
def test_reading_back_gives_an_equal_magnetogram(made: Magnetogram, tmp_path: Path) -> None:
    path = tmp_path / "far.fits"
    made.write(path)
    data = path.read_bytes()
    for source in (path, str(path), data, io.BytesIO(data), gzip.compress(data)):
        assert Magnetogram.read(source) == made
    assert [entry.name for entry in tmp_path.iterdir()] == ["far.fits"]


def test_image_read_back_is_native_float32() -> None:
    image = Magnetogram.read(magnetogram().to_bytes()).image
    assert image.dtype == np.float32
    assert image.dtype.isnative


@settings(max_examples=30)
@given(
    longitude=st.floats(-180, 180, exclude_max=True),
    latitude=st.floats(-8, 8),
    distance=st.floats(0.28 * ASTRONOMICAL_UNIT_M, 1.1 * ASTRONOMICAL_UNIT_M),
    name=st.text(max_size=120),
    notes=st.lists(st.text(max_size=30), max_size=3),
    quality=st.integers(0, 2047),
)
def test_any_observer_and_any_file_name_come_back(
    longitude: float, latitude: float, distance: float, name: str, notes: list[str], quality: int
) -> None:
    first = given_as("observation", "EUVI-A", "304")
    view = Observer(longitude, latitude, distance)
    origin = replace(first.origin, name=name, notes=tuple(notes), observer=view)
    made = magnetogram(
        observer=view, inputs=(replace(first, origin=origin),), quality=Quality(quality)
    )
    assert Magnetogram.read(made.to_bytes()) == made


@pytest.mark.parametrize(
    "other",
    [
        magnetogram(image=magnetogram().image + 1),
        magnetogram(time=NOW + 1 * u.ms),
        magnetogram(observer=replace(STEREO_A, longitude_deg=-70.1234)),
        magnetogram(quality=Quality.GOOD),
        magnetogram(spacecraft="STEREO_B"),
        magnetogram(generator=replace(magnetogram().generator, identity="00")),
        magnetogram(inputs=magnetogram().inputs[::-1]),
        magnetogram(grid=Grid(128, 56.0)),
        with_sigma(),
        "a magnetogram",
    ],
)
def test_magnetograms_that_differ_are_not_equal(other: object) -> None:
    assert magnetogram() != other


def test_product_is_the_same_but_for_its_date() -> None:
    assert magnetogram().to_bytes(CREATED) == magnetogram().to_bytes(CREATED)
    later = magnetogram().to_hdus(CREATED + 1 * u.day)[0].header
    earlier = magnetogram().to_hdus(CREATED)[0].header
    changed = {k for k in earlier if k not in ("", "COMMENT", "HISTORY") and earlier[k] != later[k]}
    assert changed == {"DATE", "CHECKSUM"}


def test_header_has_the_cards_of_the_aisfm_product() -> None:
    header = magnetogram().to_hdus()[0].header
    radius = np.degrees(np.arcsin(SOLAR_RADIUS_M / STEREO_A.distance_m)) * 3600
    assert header["BUNIT"] == "Gauss"
    assert header["INPUTDAT"] == "STEREO_A"
    assert header["DATE-OBS"] == "2022-11-14T00:05:30.123"
    assert (header["HGLN_OBS"], header["HGLT_OBS"]) == (-70.123456789012, 6.54321)
    assert header["CRLT_OBS"] == 6.54321
    assert header["CRLN_OBS"] == pytest.approx(STEREO_A.carrington_longitude_deg(NOW))
    assert header["DSUN_OBS"] == STEREO_A.distance_m
    assert header["RSUN_REF"] == 695.7e6
    assert header["RSUN_OBS"] == header["RSUN"] == pytest.approx(radius)
    assert header["CDELT1"] == header["CDELT2"] == pytest.approx(radius / 56.25)
    assert (header["CRPIX1"], header["CRVAL1"], header["R_SUN"]) == (64.5, 0.0, 56.25)
    assert (header["CTYPE1"], header["CTYPE2"]) == ("HPLN-TAN", "HPLT-TAN")
    assert header["BITPIX"] == -32


def test_header_says_that_it_is_generated_and_by_what() -> None:
    header = magnetogram().to_hdus()[0].header
    assert header["AIGEN"] is True
    assert (header["AIMODEL"], header["AIMODVER"]) == ("demo", "3")
    assert header["AIMODID"] == "0f" * 32
    assert (header["AITRAIN"], header["AICLIP"]) == ("SIMULATED", 3000.0)
    assert (header["AIENGINE"], header["AIPREC"]) == ("torch", "float32")
    assert header["QUALITY"] == 514
    assert "QUALITY bit 512: SIMULATED_TRAINING" in list(header["COMMENT"])
    assert header["REFAGE"] == pytest.approx(5.309, abs=1e-3)


def test_model_that_does_not_saturate_has_no_aiclip_and_none_without_reference_no_refage() -> None:
    generator = replace(magnetogram().generator, saturation_gauss=None)
    made = magnetogram(generator=generator, inputs=magnetogram().inputs[:1])
    header = made.to_hdus()[0].header
    assert "AICLIP" not in header
    assert "REFAGE" not in header
    assert Magnetogram.read(made.to_bytes()) == made


def test_no_card_of_the_euv_images_is_copied() -> None:
    header = magnetogram().to_hdus()[0].header
    assert not {"WAVELNTH", "WAVEUNIT", "EXPTIME", "OBSRVTRY", "DETECTOR"} & set(header)


def test_brightness_stands_in_images_of_its_own_that_look_where_the_field_does() -> None:
    hdus = with_brightness().to_hdus(CREATED)
    assert [hdu.name for hdu in hdus] == ["PRIMARY", "AIA 304", "AIA 193", "INPUTS"]
    header = hdus["AIA 193"].header
    assert (header["CONTENT"], header["WAVELNTH"]) == ("GENERATED BRIGHTNESS", 193.0)
    for key in ("CRPIX1", "CDELT1", "HGLN_OBS", "DATE-OBS"):
        assert header[key] == hdus[0].header[key]


def test_history_names_every_input_in_order_with_its_hash() -> None:
    history = list(magnetogram().to_hdus()[0].header["HISTORY"])
    assert history == [
        "1 observation EUVI-A 304 2022-11-14T00:05:30",
        "file.fts",
        f"sha256 {3:064x}",
        "2 reference HMI LOS 2022-11-08T16:40:00",
        "file.fts",
        f"sha256 {3:064x}",
    ]


@pytest.mark.parametrize(
    "name",
    ["x" * 300, "Солнце.fits", "a\nAIGEN   = F", "tab\t\x00\x7f", "trailing  ", "\udcff", ""],
)
def test_hostile_file_name_leaves_the_header_ascii_and_its_cards_whole(name: str) -> None:
    made = magnetogram(inputs=(given_as("observation", "EUVI-A", "304", name),))
    data = made.to_bytes()
    header = fits.Header.fromstring(data[: data.index(b"END     ") + 8])
    assert header["AIGEN"] is True
    assert all(len(card.image) == 80 and card.image.isascii() for card in header.cards)
    assert Magnetogram.read(data) == made


@pytest.mark.parametrize("made", [magnetogram(), with_sigma()])
def test_checksums_are_right(made: Magnetogram) -> None:
    with fits.open(io.BytesIO(made.to_bytes()), checksum=True) as hdus:
        assert all(hdu.verify_checksum() == 1 and hdu.verify_datasum() == 1 for hdu in hdus)
        hdus.verify("exception")


class TestInSunpy:
    """Product read by ``sunpy.map.Map``; a warning fails these tests."""

    @pytest.fixture
    def opened(self, tmp_path: Path) -> sunpy.map.GenericMap:
        magnetogram().write(tmp_path / "far.fits")
        return sunpy.map.Map(tmp_path / "far.fits")

    def test_it_is_a_plain_map_in_gauss_seen_from_stereo(
        self, opened: sunpy.map.GenericMap
    ) -> None:
        assert type(opened) is sunpy.map.GenericMap
        assert opened.unit == u.G
        observer = opened.observer_coordinate.transform_to(HeliographicStonyhurst(obstime=NOW))
        assert observer.lon.to_value("deg") == pytest.approx(STEREO_A.longitude_deg)
        assert observer.lat.to_value("deg") == pytest.approx(STEREO_A.latitude_deg)
        assert observer.radius.to_value("m") == pytest.approx(STEREO_A.distance_m)
        assert opened.date == NOW
        assert opened.rsun_meters.to_value("m") == SOLAR_RADIUS_M
        assert np.array_equal(opened.data, magnetogram().image, equal_nan=True)

    def test_pixel_to_carrington_and_back_is_within_a_hundredth_of_a_pixel(
        self, opened: sunpy.map.GenericMap
    ) -> None:
        x, y = np.meshgrid(np.linspace(30, 97, 9), np.linspace(30, 97, 9))
        frame = HeliographicCarrington(
            obstime=NOW, observer=STEREO_A.coordinate(NOW), rsun=SOLAR_RADIUS_M * u.m
        )
        there = opened.pixel_to_world(x * u.pix, y * u.pix).transform_to(frame)
        back = opened.world_to_pixel(SkyCoord(there.lon, there.lat, frame=frame))
        np.testing.assert_allclose(back.x.to_value("pix"), x, atol=0.01)
        np.testing.assert_allclose(back.y.to_value("pix"), y, atol=0.01)

    def test_disk_centre_is_the_sub_observer_point(self, opened: sunpy.map.GenericMap) -> None:
        frame = HeliographicCarrington(obstime=NOW, observer=STEREO_A.coordinate(NOW))
        centre = opened.pixel_to_world(63.5 * u.pix, 63.5 * u.pix).transform_to(frame)
        assert centre.lon.to_value("deg") == pytest.approx(opened.meta["crln_obs"], abs=1e-3)
        assert centre.lat.to_value("deg") == pytest.approx(6.54321, abs=1e-3)

    def test_limb_lies_at_the_disk_radius(self, opened: sunpy.map.GenericMap) -> None:
        limb = opened.world_to_pixel(
            SkyCoord(opened.rsun_obs, 0 * u.arcsec, frame=opened.coordinate_frame)
        )
        assert float(limb.x.to_value("pix")) - 63.5 == pytest.approx(56.25, abs=0.01)

    @pytest.mark.parametrize(("made", "width"), [(with_sigma(), 1.96), (with_tails(), 2.659)])
    def test_the_product_says_how_many_sigma_hold_95_percent(
        self, made: Magnetogram, width: float
    ) -> None:
        assert made.to_hdus()["SIGMA"].header["SIGMA95"] == width

    def test_field_and_sigma_open_as_two_maps(self, tmp_path: Path) -> None:
        with_sigma().write(tmp_path / "far.fits")
        field, sigma = sunpy.map.Map(tmp_path / "far.fits")
        assert np.array_equal(field.data, magnetogram().image, equal_nan=True)
        assert (sigma.data == 20).all()


class TestRefusal:
    """Files that are not products."""

    @pytest.mark.parametrize(
        "data", [b"", b"hello", b"\x1f\x8b" + b"0" * 40, b"SIMPLE  =" + b"x" * 99]
    )
    @pytest.mark.filterwarnings("ignore:.*:astropy.utils.exceptions.AstropyUserWarning")
    def test_not_fits(self, data: bytes) -> None:
        with pytest.raises(NotFitsError):
            Magnetogram.read(data)

    def test_fits_of_something_else(self) -> None:
        file = io.BytesIO()
        fits.PrimaryHDU(np.zeros((4, 4), np.float32)).writeto(file)
        with pytest.raises(MissingMetadataError, match="AIGEN = T"):
            Magnetogram.read(file.getvalue())

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("R_SUN", "wide"),
            ("HGLN_OBS", True),
            ("AIMODEL", 3),
            ("AITRAIN", "DREAMT"),
            ("INPUTDAT", None),
            ("AIGEN", "T"),
        ],
    )
    def test_card_of_another_type(self, key: str, value: object) -> None:
        hdus = magnetogram().to_hdus()
        if value is None:
            del hdus[0].header[key]
        else:
            hdus[0].header[key] = value
        hdus[0].add_checksum()
        file = io.BytesIO()
        hdus.writeto(file)
        with pytest.raises(MissingMetadataError, match=key):
            Magnetogram.read(file.getvalue())

    def test_altered_pixels(self) -> None:
        data = bytearray(magnetogram().to_bytes())
        data[data.index(b"END     ") + 2880 + 30_000] ^= 1
        with pytest.raises(DamagedImageError, match="CHECKSUM does not match"):
            Magnetogram.read(bytes(data))

    @pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
    def test_truncated(self, part: float) -> None:
        data = magnetogram().to_bytes()
        with pytest.raises(NotFitsError, match="truncated"):
            Magnetogram.read(data[: int(part * len(data)) | 1])  # inside a block


def test_product_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    magnetogram().write(tmp_path / "far.fits")
    assert (tmp_path / "far.fits").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    target = tmp_path / "far.fits"
    target.mkdir()
    with pytest.raises(OSError, match=r"far\.fits"):
        magnetogram().write(target)
    assert list(tmp_path.iterdir()) == [target]
