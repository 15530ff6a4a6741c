import hashlib
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time

from farside.disk.registration import Disk, register
from farside.disk.reproject import reproject_disk
from farside.errors import (
    DamagedImageError,
    InputError,
    NotFitsError,
    UnexpectedImageError,
    UnsupportedImageError,
)
from farside.io.wcs import disk_radius_arcsec, helioprojective_cards
from farside.magnetogram.magnetogram import Magnetogram, ModelProvenance
from farside.observation.image import Origin, read
from farside.quality import Quality
from farside.simulation import SimulatedSet
from farside.sun.carrington_grid import CarringtonGrid
from farside.sun.observer import Observer, View
from farside.synchronic import fits as synchronic_fits
from farside.synchronic.disk import (
    AISFM,
    MAP_GRID,
    generated_disk,
    observed_disk,
    read_generated,
    read_observed,
)
from farside.synchronic.merge import synchronic
from farside.synchronic.observers import observers
from farside.synchronic.project import project_disk
from tests.support.fields import GRID, noise
from tests.support.synchronic_maps import synchronic_map

TIME = Time("2024-06-01T00:00:00.000", scale="utc")
EARTH = Observer(0.0, -1.0, 1.5e11)
MODEL = ModelProvenance("demo", "1", "ab" * 32, "SIMULATED", "torch", "float32")


def disk(band: str = "LOS") -> Disk:
    return Disk(noise(0), GRID, Origin("HMI", band, TIME, EARTH, "hmi.fits", "cd", Quality.BEACON))


def product() -> Magnetogram:
    return Magnetogram(noise(1), GRID, TIME, EARTH, "STEREO_A", Quality.GOOD, MODEL, ())


def test_a_measured_disk_keeps_what_is_known_of_it() -> None:
    found = observed_disk(disk())
    assert (found.instrument, found.name, found.sha256) == ("HMI", "hmi.fits", "cd")
    assert (found.view, found.quality) == (View(EARTH, TIME), Quality.BEACON)
    assert not found.is_generated


def test_a_product_read_from_a_file_keeps_its_name_and_hash(tmp_path: Path) -> None:
    path = tmp_path / "far.fits"
    product().write(path)
    found = read_generated(path)
    assert found.name == "far.fits"
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.generator == MODEL
    np.testing.assert_array_equal(found.image, product().image)


def test_an_hmi_file_given_as_generated_is_told_its_role(simulated: SimulatedSet) -> None:
    (path,) = (each for each in simulated.references if "magnetogram" in each.name)
    with pytest.raises(UnsupportedImageError, match="magnetogram of HMI, to be given as `observed"):
        read_generated(path)


def test_an_hmi_file_is_read_and_registered(simulated: SimulatedSet) -> None:
    path = simulated.references[-1]
    found = read_observed(path)
    assert (found.instrument, found.grid, found.name) == ("HMI", MAP_GRID, path.name)


def test_a_product_or_a_map_given_as_observed_is_told_where_it_belongs(tmp_path: Path) -> None:
    product().write(tmp_path / "far.fits")
    synchronic_fits.write(synchronic_map(), tmp_path / "sun.fits")
    for name, role in (("far.fits", "generated"), ("sun.fits", "base")):
        with pytest.raises(UnsupportedImageError, match=rf"^{name}: .*given as `{role}`"):
            read_observed(tmp_path / name)


def test_what_is_no_magnetogram_as_it_was_taken_is_refused() -> None:
    with pytest.raises(UnexpectedImageError, match=r"got HMI 193 .*, expected a magnetogram"):
        observed_disk(disk("193"))
    turned = reproject_disk(disk(), Observer(60.0, 0.0, 1.5e11), TIME)
    with pytest.raises(UnexpectedImageError, match=r"rotated, expected a magnetogram"):
        observed_disk(turned)


@pytest.mark.parametrize("plane", ["image", "sigma"])
def test_a_product_with_gaps_is_refused_by_name(plane: str) -> None:
    damaged = noise(2)
    damaged[128, 100:110] = np.nan
    made = (
        replace(product(), image=damaged) if plane == "image" else replace(product(), sigma=damaged)
    )
    with pytest.raises(DamagedImageError, match=r"STEREO_A .*\(far\.fits\): got 10 of"):
        generated_disk(made, "far.fits")


def test_a_truncated_product_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "far.fits"
    data = product().to_bytes()
    path.write_bytes(data[: len(data) // 2 + 1])
    with pytest.raises(NotFitsError, match=r"far\.fits: truncated"):
        read_generated(path)


def archive_file(**cards: object) -> bytes:
    """A product as the AISFM archive publishes it: the cards of the paper's Table A1."""
    hdu, file = fits.PrimaryHDU(noise(2)), io.BytesIO()
    scale = disk_radius_arcsec(1.45e11) / 112.5
    for card in helioprojective_cards((127.5, 127.5), scale):
        hdu.header[card[0]] = card[1]
    hdu.header.update(
        {
            "INPUTDAT": "STEREO_B",
            "DATE-OBS": "2011-03-05T12:04:03",
            "HGLN_OBS": -94.78,
            "HGLT_OBS": 1.08,
            "DSUN_OBS": 1.45e11,
            "R_SUN": 112.5,
        }
        | cards
    )
    hdu.writeto(file)
    return file.getvalue()


def test_a_disk_of_the_archive_of_aisfm_is_marked_as_theirs() -> None:
    found = read_generated(archive_file(), "aisfm3.fits")
    assert found.is_generated
    assert found.generator
    assert (found.generator.model, found.generator.trained_on) == ("AISFM (archive)", "OBSERVED")
    assert (found.instrument, found.view.observer.longitude_deg) == ("STEREO_B", -94.78)
    assert np.isfinite(found.image[found.grid.on_disk()]).all()
    made = synchronic([found], None)
    (source,) = (each for each in made.sources if each.kind == "generated")
    again = synchronic_fits.read(made.to_hdus())
    assert next(each for each in again.sources if each.kind == "generated").generator == AISFM
    assert source.name == "aisfm3.fits"
    assert Quality.SIMULATED_TRAINING not in made.quality


@pytest.mark.parametrize(
    "cards",
    [
        {"R_SUN": 100.0},
        {"CRPIX1": 100.0},
        {"CROTA2": 5.0},
        {"HGLN_OBS": "west"},
        {"DSUN_OBS": 1.45e8},
        {"DATE-OBS": "yesterday"},
        {"CTYPE1": "CRLN-CAR"},
    ],
    ids=lambda cards: next(iter(cards)),
)
def test_a_disk_of_the_archive_that_contradicts_itself_is_refused(cards: dict[str, object]) -> None:
    with pytest.raises(InputError, match="aisfm3"):
        read_generated(archive_file(**cards), "aisfm3.fits")


def phi_file(**cards: object) -> bytes:
    """A magnetogram of SO/PHI-FDT, 121° rolled, with the cards of a real one."""
    side, centre, scale = 256, (130.0, 125.0), 28.6
    hdu, file = (
        fits.PrimaryHDU(np.full((side, side), 50, np.float32) + noise(3, side)),
        io.BytesIO(),
    )
    for card in helioprojective_cards(centre, scale):
        hdu.header[card[0]] = card[1]
    turn = np.radians(121.33)
    matrix = {"PC1_1": np.cos(turn), "PC1_2": -np.sin(turn)}
    matrix |= {"PC2_1": np.sin(turn), "PC2_2": np.cos(turn)}
    given: dict[str, object] = {
        "INSTRUME": "PHI",
        "TELESCOP": "SOLO/PHI/FDT",
        "DETECTOR": "FDT Magnetogram",
        "BTYPE": "LOS Magnetic Field Strength",
        "BUNIT": "G",
        "DATE-OBS": "2024-03-05T04:15:09.249",
        "DATE-AVG": "2024-03-05T04:15:51.959",
        "HGLN_OBS": -21.82,
        "HGLT_OBS": -4.71,
        "CRLN_OBS": 80.386596,
        "CRLT_OBS": -4.7124425,
        "DSUN_OBS": 93489464307.6816,
        "COMPLETE": "C",
    }
    hdu.header.update(given | matrix | cards)
    hdu.writeto(file)
    return file.getvalue()


def test_a_magnetograph_far_from_earth_is_an_observed_disk_in_its_own_view() -> None:
    found = read_observed(phi_file(), "phi.fits")
    assert (found.instrument, found.is_generated) == ("PHI-FDT", False)
    assert found.view.observer.longitude_deg == pytest.approx(-21.82)
    assert found.view.time.isot == "2024-03-05T04:15:51.959"
    part = project_disk(found, CarringtonGrid(), found.view.time)
    centre = part.mu > 0.98
    assert part.field_gauss[centre].mean() == pytest.approx(50, abs=10)
    assert list(observers(synchronic([found], None))) == ["Earth", "Solar Orbiter"]


@pytest.mark.parametrize(
    "cards", [{"DETECTOR": "HRT"}, {"BTYPE": "Inclination"}, {"BUNIT": "deg"}, {"COMPLETE": "I"}]
)
def test_what_is_no_complete_magnetogram_of_the_full_disk_is_refused(
    cards: dict[str, object],
) -> None:
    with pytest.raises(InputError, match="PHI"):
        read_observed(phi_file(**cards), "phi.fits")


def test_magnetograms_of_mdi_are_brought_to_the_scale_of_hmi(shared_data: Path) -> None:
    path = shared_data / "realsun/magnetograms/mdi.fd_M_96m_lev182.20110401_000000_TAI.data.fits"
    found, raw = read_observed(path), read(path)
    assert found.instrument == "MDI"
    assert found.quality == Quality.SUBOPTIMAL
    registered = register(raw, MAP_GRID).image
    inside = MAP_GRID.on_disk()
    np.testing.assert_allclose(found.image[inside] * 1.4, registered[inside], rtol=1e-5)
    hmi = project_disk(replace(found, instrument="HMI"), CarringtonGrid(), found.view.time)
    mdi = project_disk(found, CarringtonGrid(), found.view.time)
    middle = mdi.mu > 0.9
    assert (mdi.sigma_gauss[middle] > hmi.sigma_gauss[middle]).all()
