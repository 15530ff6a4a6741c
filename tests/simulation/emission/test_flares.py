import astropy.units as u
import numpy as np
from astropy.time import Time

from farside.simulation.emission.flares import STRONG_MX, WEAK_MX, Flare, flares
from farside.simulation.sun import SimulatedSun

MAXIMUM = Time("2024-01-01T00:00:00")


def found(suns: int, looks: int, first: Time = MAXIMUM) -> list[tuple[Flare, ...]]:
    rng = np.random.default_rng(5)
    return [
        flares(SimulatedSun(seed), first + day * u.day)
        for seed in range(suns)
        for day in rng.uniform(0, 365, looks)
    ]


def test_some_pictures_in_a_thousand_show_a_flare_and_never_many() -> None:
    bright = [any(flare.radiance > 30 for flare in each) for each in found(30, 20)]
    assert 0.003 < np.mean(bright) < 0.05


def test_a_flare_is_where_and_when_the_seed_says_and_fades() -> None:
    sun = SimulatedSun(3)
    times = MAXIMUM + np.arange(0, 60, 0.02) * u.day
    time = next(time for time in times if any(f.radiance > 100 for f in flares(sun, time)))
    assert flares(sun, time) == flares(SimulatedSun(3), time)
    assert flares(sun, time) == flares(SimulatedSun(3, polarity=-1), time)
    before = max(flare.radiance for flare in flares(sun, time))
    after = [flare.radiance for flare in flares(sun, time + 4 * u.hour)]
    assert max(after, default=0.0) < before


def test_weak_regions_do_not_flare() -> None:
    assert WEAK_MX < STRONG_MX
    sun = SimulatedSun(3)
    for time in MAXIMUM + np.arange(0, 60, 0.1) * u.day:
        regions = sun.regions(time)
        elements = sun.elements(time)
        for flare in flares(sun, time):
            near = [
                region.flux_mx
                for index, region in enumerate(regions)
                if abs(
                    np.median(elements.latitude_deg[:, elements.region == index])
                    - flare.latitude_deg
                )
                < 0.1
            ]
            assert max(near) >= WEAK_MX
