import pytest

from labs_lib import settings


def test_the_course_folder():
    assert (settings.ROOT / "notebooks").is_dir()


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
