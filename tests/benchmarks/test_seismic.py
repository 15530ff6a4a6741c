"""The page of the comparison with helioseismology: its tables, and the catalogue of lists."""

from pathlib import Path

from astropy.time import Time

from benchmarks.seismic import read_catalogue, with_rows

PAGE = "before\n<!-- a -->\n| x |\n|---|\n| old |\n| older |\n<!-- end -->\nafter\n"


def test_rows_of_a_table_are_replaced_and_nothing_else() -> None:
    assert with_rows(PAGE, "a", "| new |") == PAGE.replace("| old |\n| older |", "| new |")
    assert with_rows(PAGE, "b", "| new |") == PAGE


def test_the_catalogue_gives_the_list_of_the_time_also_across_midnight(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.csv"
    path.write_text(
        "map_time,designation,lon_deg,lat_deg,strength\n"
        "2014-03-05T12:00,FS-2014-019,245.7,14.6,761\n"
        "2014-03-05T12:00,FS-2014-017,297.2,-4.3,1071\n"
        "2014-03-06T00:00,FS-2014-020,218.6,-11.0,1096\n"
    )
    noon = read_catalogue(path, Time("2014-03-05T11:11:00"))
    assert [region.name for region in noon] == ["FS-2014-017", "FS-2014-019"]
    night = read_catalogue(path, Time("2014-03-05T23:59:00"))
    assert [region.name for region in night] == ["FS-2014-020"]
