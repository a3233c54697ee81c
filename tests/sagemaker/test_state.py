import tarfile
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_lib.sagemaker import archives
from labs_lib.sagemaker.state import State, Taken

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@pytest.fixture
def state(tmp_path):
    return State(tmp_path / "state.sqlite")


def test_what_is_kept_is_found_after_a_restart(tmp_path):
    state = State(tmp_path / "s.sqlite")
    state.add("Model", "a", "arn:a", {"ModelName": "a", "Text": "ä€𝄞\n\x00"})
    state.close()
    again = State(tmp_path / "s.sqlite")
    assert again.get("Model", "a") == {"ModelName": "a", "Text": "ä€𝄞\n\x00"}
    assert again.has_arn("arn:a")


def test_a_name_is_taken_once_for_each_kind(state):
    state.add("Model", "a", "arn:1", {})
    state.add("Endpoint", "a", "arn:2", {})
    with pytest.raises(Taken):
        state.add("Model", "a", "arn:3", {})
    assert state.get("Model", "a") == {}


def test_a_change_can_depend_on_what_is_there(state):
    state.add("Job", "a", "arn", {"Status": "InProgress", "Old": 1})
    running = lambda job: job["Status"] == "InProgress"  # noqa: E731
    changed = state.change("Job", "a", {"Status": "Stopped", "Old": None}, only_if=running)
    assert changed == {"Status": "Stopped"}
    assert state.change("Job", "a", {"Status": "Failed"}, only_if=running) is None
    assert state.get("Job", "a") == {"Status": "Stopped"}
    assert state.change("Job", "b", {}) is None


def test_a_transaction_that_fails_changes_nothing(state):
    def fail():
        with state.transaction():
            state.add("Job", "a", "arn", {})
            with state.transaction():
                state.add("Job", "b", "arn2", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert state.all("Job") == []


def test_tags_go_with_their_resource(state):
    state.add("Job", "a", "arn", {})
    state.execute("insert into tags values ('arn', 'k', 'v')")
    state.remove("Job", "a")
    assert state.rows("select * from tags") == []


def test_waiting_ends_with_a_change(state):
    state.add("Job", "a", "arn", {"Status": "InProgress"})
    timer = threading.Timer(0.05, state.change, ("Job", "a", {"Status": "Completed"}))
    timer.start()
    done = lambda: state.get("Job", "a")["Status"] == "Completed"  # noqa: E731
    assert state.wait_for(done, seconds=10)
    assert not state.wait_for(lambda: False, seconds=0.01)


def test_a_folder_of_another_version_is_refused(tmp_path):
    state = State(tmp_path / "s.sqlite")
    state.set_setting("version", "0")
    state.close()
    with pytest.raises(ValueError, match="another version"):
        State(tmp_path / "s.sqlite")


@settings(max_examples=25)
@given(
    st.dictionaries(TEXTS, st.dictionaries(TEXTS, st.integers(), max_size=3), max_size=5)
)
def test_any_text_is_a_name(tmp_path_factory, resources):
    state = State(tmp_path_factory.mktemp("state") / "s.sqlite")
    for name, body in resources.items():
        state.add("Kind", name, f"arn:{name}", body)
    assert {name: state.get("Kind", name) for name in resources} == resources
    state.close()


def test_an_archive_is_opened_alike_by_a_python_without_filters(tmp_path, monkeypatch):
    """Debian 12 has Python 3.11.2; `tarfile` has filters from 3.11.4 on."""
    source = tmp_path / "source"
    (source / "code").mkdir(parents=True)
    (source / "code" / "inference.py").write_text("1")
    (source / "model").write_bytes(b"2")
    archives.pack(source, tmp_path / "model.tar.gz")
    old = tarfile.TarFile.extractall
    monkeypatch.delattr(tarfile, "data_filter", raising=False)
    monkeypatch.setattr(
        tarfile.TarFile,
        "extractall",
        lambda archive, path, members: old(archive, path, members=members),
    )
    archives.unpack(tmp_path / "model.tar.gz", tmp_path / "there", what="it")
    assert (tmp_path / "there" / "code" / "inference.py").read_text() == "1"
    assert (tmp_path / "there" / "model").read_bytes() == b"2"
    assert (tmp_path / "there" / "model").stat().st_mode & 0o777 == 0o644
