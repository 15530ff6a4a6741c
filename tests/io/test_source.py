"""What is no file is refused by its type."""

from types import SimpleNamespace
from typing import Any

import pytest

from farside.io.source import bytes_of


@pytest.mark.parametrize("given", [None, 3, SimpleNamespace(read=len)])
def test_what_is_no_source_is_refused_by_its_type(given: Any) -> None:
    with pytest.raises(TypeError, match=f"of type {type(given).__name__}, expected a path"):
        bytes_of(given, "", 10)
