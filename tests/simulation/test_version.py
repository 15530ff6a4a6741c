"""The simulated Sun is the one that models were trained and scored on.

``python -m tests.simulation.test_version`` remakes the golden file, after VERSION was raised.
"""

import numpy as np
from astropy.time import Time

from farside.simulation import VERSION, SimulatedSun
from farside.simulation.grid import COARSE
from farside.simulation.instruments.registered import InstrumentSuite, render_view
from farside.simulation.scene import stereo
from farside.sun.grid import Grid, Image
from farside.sun.observer import earth
from tests.support.live import ROOT

GOLDEN = ROOT / "tests" / "golden" / "simulated_sun.npz"
GRID = Grid(64, 28.0)
TIME = Time("2024-06-01T00:00:00")


def portrait(instrument: InstrumentSuite) -> Image:
    surface = SimulatedSun(11).at(TIME, COARSE)
    observer = earth(TIME) if instrument == "SDO" else stereo(TIME, 120.0)
    return render_view(surface, observer, instrument, GRID, np.random.default_rng(1))


def test_the_sun_of_this_version_has_not_changed() -> None:
    with np.load(GOLDEN) as golden:
        assert int(golden["version"]) == VERSION, "remake the golden file of the new version"
        for instrument in ("SDO", "EUVI"):
            for plane, kept in zip(portrait(instrument), golden[instrument], strict=True):
                # Float32 sums differ between machines; a constant that was changed shows far above.
                difference = np.abs(plane - kept.astype(np.float32)).mean() / np.abs(kept).mean()
                assert difference < 2e-3, (
                    f"{instrument} has changed by {difference:.2%}: raise VERSION, "
                    "then train and score everything again"
                )


if __name__ == "__main__":
    np.savez_compressed(
        GOLDEN,
        version=VERSION,
        SDO=portrait("SDO").astype(np.float16),
        EUVI=portrait("EUVI").astype(np.float16),
    )
