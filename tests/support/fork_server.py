"""Imported by the server of forks alone: lets it end with the run of the tests."""

from tests.support.once import end_with_parent

end_with_parent()
