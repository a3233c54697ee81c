"""Damaged files: a message that names the file, never a traceback, and the file stays."""

import json
import random
import shutil

import pytest

from labs_lib import data, sagemaker
from labs_lib.course import progress, quiz, review
from labs_lib.course.catalog import find
from labs_lib.course.exam import bank

from .mutate import mutated, mutated_bytes

TIMES = 400


def test_one_byte_of_each_data_file(tmp_path, monkeypatch):
    chance = random.Random(0)
    shutil.copytree(data.FOLDER, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    names = [line.split()[1] for line in (tmp_path / data.SUMS).read_text().splitlines()]
    assert len(names) > 10
    for number, name in enumerate(names):
        file = tmp_path / name
        content = bytearray(file.read_bytes())
        at = chance.randrange(len(content))
        content[at] ^= 1 << chance.randrange(8)
        file.write_bytes(content[:at] if number % 2 else content)
    problems = data.verify()
    assert len(problems) == len(names)
    for name in names:
        assert sum(f"data/{name} is damaged" in problem for problem in problems) == 1


def spoilt(good, chance):
    """A JSON file with some of its values or some of its bytes spoilt."""
    if chance.random() < 0.5:
        return json.dumps(mutated(json.loads(good), chance)).encode()
    return mutated_bytes(good, chance)


def read_or_told(read, file, content, message):
    """Say whether a spoilt file is still read; if not, hold the message and the file."""
    file.write_bytes(content)
    try:
        read()
    except ValueError as error:
        told = str(error)
    else:
        return True
    assert message in told, (content, told)
    assert file.read_bytes() == content
    return False


@pytest.fixture
def used(progress_file):
    assert progress.attempt("start", "ex1", passed=True) is None
    assert progress.attempt("prepare/split", "quiz1", choice="b") is None
    assert progress.bet("prepare/split", "bet_x", "higher") is None
    return progress_file


def test_the_progress_file(used):
    good, chance = used.read_bytes(), random.Random(0)
    found = [
        read_or_told(progress.load, used, spoilt(good, chance), "is not a progress file")
        for _ in range(TIMES)
    ]
    assert set(found) == {True, False}
    assert not read_or_told(progress.load, used, b"[" * 100_000, "is not a progress file")


def test_a_damaged_progress_file_is_not_written_over(used):
    used.write_bytes(b"{")
    why = progress.attempt("start", "ex2", passed=True)
    assert why is not None
    assert "Move it away" in why
    assert used.read_bytes() == b"{"


def test_the_schedule_of_reviews(used):
    for due in review.deck():
        review.answer(due, right=True)
    file = review.path()
    good, chance = file.read_bytes(), random.Random(0)
    found = [
        read_or_told(review.deck, file, spoilt(good, chance), "is not a schedule")
        for _ in range(TIMES)
    ]
    assert set(found) == {True, False}
    assert not read_or_told(review.deck, file, b"[" * 100_000, "is not a schedule")


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("quiz.toml", quiz.load),
        ("exam.toml", lambda file: bank.load(file, "deploy/ab_test")),
    ],
)
def test_the_questions_of_a_lab(tmp_path, name, read):
    folder = find("deploy/ab_test").folder
    good, chance = (folder / name).read_bytes(), random.Random(0)
    file = tmp_path / name
    found = [
        read_or_told(lambda: read(file), file, mutated_bytes(good, chance), name)
        for _ in range(TIMES)
    ]
    assert set(found) == {True, False}


SPOIL = {
    "empty": lambda good: b"",
    "no database": lambda good: b"no database" * 100,
    "head": lambda good: b"\0" * 100 + good[100:],
    "cut": lambda good: good[: len(good) // 2],
    "pages": lambda good: good[:4096] + b"\xff" * (len(good) - 4096),
}


@pytest.mark.parametrize("damage", SPOIL)
def test_the_state_of_a_sagemaker(tmp_path, damage):
    with sagemaker.start(tmp_path) as local:
        local.client("s3").create_bucket(Bucket="kept")
    file = tmp_path / "state.sqlite"
    spoilt = SPOIL[damage](file.read_bytes())
    file.write_bytes(spoilt)
    for name in ("state.sqlite-wal", "state.sqlite-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / "server.json").write_bytes(b"{")
    if damage == "empty":  # as a folder without a state
        with sagemaker.start(tmp_path) as local:
            assert local.client("s3").list_buckets()["Buckets"] == []
        return
    with pytest.raises(ValueError, match=r"state\.sqlite is damaged.*another folder"):
        sagemaker.start(tmp_path)
    assert file.read_bytes() == spoilt
