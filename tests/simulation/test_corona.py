import numpy as np
import pytest
from astropy.time import Time

from farside.simulation.corona import EMISSION, holes, radiance
from farside.simulation.sphere import LATITUDE_DEG
from farside.simulation.sun import SimulatedSun

TIME = Time("2024-06-01T00:00:00")


@pytest.mark.parametrize("band", sorted(EMISSION))
def test_euv_does_not_know_the_sign_of_the_field(band: str) -> None:
    plus, minus = SimulatedSun(3).at(TIME), SimulatedSun(3, polarity=-1).at(TIME)
    np.testing.assert_array_equal(radiance(plus, band), radiance(minus, band))


@pytest.mark.parametrize("band", sorted(EMISSION))
def test_euv_follows_the_strength_of_the_field_with_scatter(band: str) -> None:
    surface = SimulatedSun(3).at(TIME)
    belts = np.abs(LATITUDE_DEG) < 40
    strength = np.log(np.abs(surface.radial_field[belts]) + 3).ravel()
    correlation = np.corrcoef(strength, np.log(radiance(surface, band)[belts]).ravel())[0, 1]
    assert 0.3 < correlation < 0.85


def test_the_corona_is_dark_in_unipolar_quiet_fields_only() -> None:
    surface = SimulatedSun(3).at(Time("2020-06-01T00:00:00"))  # near minimum: polar holes
    found = holes(surface.radial_field)
    assert found[np.abs(LATITUDE_DEG) > 75].mean() > 0.7
    assert found[np.abs(LATITUDE_DEG) < 30].mean() < 0.2
    emission = radiance(surface, "193")
    assert emission[found > 0.9].mean() < 0.5 * emission[found < 0.1].mean()
