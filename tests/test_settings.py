import pytest

from labs_lib import settings


def test_the_course_folder():
    assert (settings.ROOT / "notebooks").is_dir()


@pytest.mark.parametrize(("value", "repeats"), [(None, 30), ("build", 30), ("test", 2)])
def test_mode_decides_the_repeats(monkeypatch, value, repeats):
    if value is None:
        monkeypatch.delenv("LABS_MODE")
    else:
        monkeypatch.setenv("LABS_MODE", value)
    assert settings.mode() == (value or "learn")
    assert settings.repeats(30) == repeats


def test_an_unknown_mode(monkeypatch):
    monkeypatch.setenv("LABS_MODE", "fast")
    with pytest.raises(ValueError, match="'fast', expected one of learn, build, test"):
        settings.mode()


def test_one_repeat_is_too_few():
    with pytest.raises(ValueError, match="at least 2"):
        settings.repeats(1)


def test_jobs(monkeypatch):
    monkeypatch.delenv("LABS_JOBS", raising=False)
    assert settings.n_jobs() == 2
    monkeypatch.setenv("LABS_JOBS", "4")
    assert settings.n_jobs() == 4


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5", "", "²"])
def test_bad_jobs(monkeypatch, value):
    monkeypatch.setenv("LABS_JOBS", value)
    with pytest.raises(ValueError, match="whole number of at least 1"):
        settings.n_jobs()
