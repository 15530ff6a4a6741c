import pytest
from pydantic import ValidationError

from service.settings import Settings, SettingsError, from_environment
from tests.support.live import INJECTED, ROOT


def test_a_setting_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARSIDE_QUEUE_SIZE", "3")
    assert from_environment().queue_size == 3


def test_an_empty_variable_leaves_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARSIDE_DEFAULT_MODEL", "")
    assert from_environment().default_model is None


def test_a_variable_that_is_no_setting_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARSIDE_QUEUESIZE", "3")
    with pytest.raises(SettingsError, match=r"FARSIDE_QUEUESIZE; the settings are .*_QUEUE_SIZE"):
        from_environment()


def test_what_kubernetes_and_docker_inject_is_no_mistyped_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in INJECTED.items():
        monkeypatch.setenv(name, value)
    assert from_environment().queue_size == Settings().queue_size


@pytest.mark.parametrize(
    ("variable", "value"),
    [("FARSIDE_PORT", "3000"), ("FARSIDE_ENV_X", "1"), ("FARSIDE_NAME", "sun")],
)
def test_what_only_looks_like_it_is_refused(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=variable):
        from_environment()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FARSIDE_QUEUE_SIZE", "-1"),
        ("FARSIDE_THREADS", "many"),
        ("FARSIDE_PRECISION", "int8"),
        ("FARSIDE_DEADLINE_S", "1e9"),
    ],
)
def test_an_impossible_value_is_refused_with_what_was_got(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=rf"{variable}: .* \(got '{value}'\)"):
        from_environment()


def test_settings_do_not_change_once_made() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().queue_size = 5


def test_every_setting_is_described_and_the_manual_says_the_same() -> None:
    manual = (ROOT / "docs" / "service.md").read_text()
    for name, field in Settings.model_fields.items():
        assert field.description
        assert f"| `FARSIDE_{name.upper()}` |" in manual
        assert field.description in manual
