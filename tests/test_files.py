import sys

import pytest

from labs_lib import files


def test_text_is_written_with_unix_line_ends(tmp_path):
    file = tmp_path / "new" / "a.txt"
    files.write_text(file, "ä\nb\n")
    assert file.read_bytes() == "ä\nb\n".encode()


def test_a_failure_keeps_the_old_content_and_leaves_nothing_behind(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("old")

    def interrupted():
        with files.replacing(file) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_the_suffix_stays(tmp_path):
    with files.replacing(tmp_path / "a.parquet") as temporary:
        assert temporary.suffix == ".parquet"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_others_may_read_what_is_written(tmp_path):
    file = tmp_path / "a.txt"
    files.write_text(file, "x")
    plain = tmp_path / "b.txt"
    plain.write_text("x")
    assert file.stat().st_mode == plain.stat().st_mode


def test_sha256(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"abc")
    assert files.sha256(file).startswith("ba7816bf8f01cfea414140de5dae2223b00361a3")
