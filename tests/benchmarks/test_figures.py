"""Figures of simulated suns: which regions they follow, and what stands in a panel."""

import re
from dataclasses import replace

import numpy as np

from benchmarks.figures import APART_DEG, REGIONS, cycles, strongest_apart
from farside.model.defaults import default_folder
from farside.model.models import Models
from farside.simulation.magnetic.cycle import ActiveRegion
from farside.simulation.sun import SimulatedSun
from farside.sun.angles import wrap_deg
from training.data.simulated import SIMULATED
from training.score.series import SeriesInputs

MODEL = "pix2pixcc-demo"
REGION = ActiveRegion(0.0, 10.0, 15.0, 1e22, 6.0, 1, False, 0)


def test_the_strongest_regions_are_followed_none_beside_another() -> None:
    places = {10.0: 1e22, 20.0: 3e22, 355.0: 2e22, 100.0: 5e21, 200.0: 4e21, 300.0: 3e21}
    given = [replace(REGION, longitude_deg=at, flux_mx=flux) for at, flux in places.items()]
    found = strongest_apart(given)
    assert [each.longitude_deg for each in found] == [20.0, 100.0, 200.0]
    assert len(found) == REGIONS
    assert min(abs(wrap_deg(a - b)) for a, b in ((20, 100), (100, 200), (200, 20))) > APART_DEG


def test_models_are_drawn_below_the_truth_of_the_same_date() -> None:
    models = Models(default_folder(), (MODEL,), 1)
    inputs = SeriesInputs(
        SimulatedSun(3), SIMULATED.render_view, models[MODEL], models.engine(MODEL)
    )
    figure = cycles([inputs], ["2014-06-01"])
    true, made = figure.axes
    assert true.get_title().replace("\n", " ") == "true, 2014-06-01"
    assert re.match(rf"{MODEL}\nr -?0\.\d\d, polarity \d+%", made.get_title())
    assert "trained on a simulated Sun" in figure.get_supxlabel()
    first, second = (np.asarray(axes.images[0].get_array()) for axes in (true, made))
    assert first.shape == second.shape == inputs.grid.on_disk().shape
