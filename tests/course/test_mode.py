import pytest

from labs_lib.course import mode


@pytest.mark.parametrize(("value", "found"), [(None, "learn"), ("build", "build")])
def test_a_person_unless_somebody_says_otherwise(monkeypatch, value, found):
    monkeypatch.delenv("LABS_MODE")
    if value is not None:
        monkeypatch.setenv("LABS_MODE", value)
    assert mode.current() == found


def test_an_unknown_mode(monkeypatch):
    monkeypatch.setenv("LABS_MODE", "fast")
    with pytest.raises(ValueError, match="'fast', expected one of learn, build"):
        mode.current()
