"""Configuration of Sphinx: ``make docs`` builds the manual into build/docs/html."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import GenericAlias, UnionType

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import matplotlib  # noqa: E402
from sphinx.application import Sphinx  # noqa: E402

import farside  # noqa: E402
from docs.reference_pages import write_pages  # noqa: E402

write_pages(ROOT / "docs" / "reference")
matplotlib.use("agg")

project = "Farside"
author = "The Farside maintainers"
project_copyright = "The Farside maintainers"
version = release = farside.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["README.md"]
root_doc = "index"
html_theme = "pydata_sphinx_theme"
html_title = f"Farside {release}"
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_show_sourcelink = False
html_copy_source = False

# The pages are GitHub's too: links name files, headings have GitHub's anchors.
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 4

autodoc_default_options = {
    "members": True,
    "member-order": "bysource",
    "ignore-module-all": True,
}
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

sphinx_gallery_conf = {
    "examples_dirs": str(ROOT / "examples"),
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "copyfile_regex": "",
    "download_all_examples": False,
    "show_signature": False,
    "remove_config_comments": True,
    "min_reported_time": 3600,
    "show_memory": False,
}


def setup(app: Sphinx) -> None:
    """Connect what follows to Sphinx."""
    app.connect("autodoc-process-docstring", keep_bars, priority=400)
    app.connect("autodoc-skip-member", is_not_ours)


def keep_bars(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Escape the bars of |B|, which reStructuredText takes for a substitution."""
    for number, line in enumerate(lines):
        parts = re.split(r"(``.*?``)", line)
        lines[number] = "".join(
            part if part.startswith("``") else part.replace("|", r"\|") for part in parts
        )


def is_not_ours(
    app: Sphinx, what: str, name: str, obj: object, skip: bool, options: object
) -> bool | None:
    """Whether a member is an alias of a type, or was imported from another library."""
    if isinstance(obj, GenericAlias | UnionType) or type(obj).__module__ == "typing":
        return True
    ours = getattr(obj, "__module__", None) or "farside"
    return None if ours.startswith(("farside", "training", "service")) else True
