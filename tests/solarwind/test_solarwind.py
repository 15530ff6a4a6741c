"""One verb for all formats, each in its own folder, and nothing left where it fails."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from farside.errors import FormatError
from farside.solarwind import FORMATS, write
from tests.support.synchronic_maps import synchronic_map


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_has_its_own_folder(name: str, tmp_path: Path) -> None:
    path = write(synchronic_map(), name, tmp_path / "made")
    assert path.parent == tmp_path / "made" / name
    assert list((tmp_path / "made").rglob("*.*")) == [path]
    with fits.open(path) as hdus:
        assert all(hdu.verify_checksum() == 1 for hdu in hdus)
        assert hdus[0].header["FLUXSCAL"] == 1.0
        assert hdus[0].header["QUALITY"] == 514
        assert np.isfinite(hdus[0].data).all()


@pytest.mark.parametrize("name", FORMATS)
def test_a_failed_write_leaves_no_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:100])
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="no space"):
        write(synchronic_map(), name, tmp_path)
    assert [entry for entry in tmp_path.rglob("*") if entry.is_file()] == []


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="'mdi', expected one of"):
        write(synchronic_map(), "mdi", tmp_path)
