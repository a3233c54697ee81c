"""Stored experiments: computed once, refused when stale, confirmed by a rerun."""

import importlib
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet as pq

from labs_lib import files, labs, settings
from labs_lib.course import store

TINY = '''"""Does the noise grow with the setting?"""

import numpy as np

from labs_lib import helper

REPEATS = 3


def repeat(seed: int) -> list[dict]:
    rng = np.random.default_rng(seed)
    return [
        {"kind": kind, "scale": scale, "found": rng.normal(0, scale), "n": np.int64(seed)}
        for kind in ("a", "b")
        for scale in (1, 1000)
    ]
'''


class Tree:
    """A course folder with one experiment, ``fake/lab/tiny``."""

    def __init__(self, root: Path):
        self.root = root

    def write(self, file: str, text: str) -> None:
        files.write_text(self.root / "labs_lib" / file, text)
        self.forget()

    def change(self, file: str, old: str, new: str) -> None:
        text = (self.root / "labs_lib" / file).read_text(encoding="utf-8")
        assert old in text
        self.write(file, text.replace(old, new))

    def forget(self) -> None:
        """Let the next import read the files again."""
        for name in [name for name in sys.modules if ".fake" in name]:
            del sys.modules[name]
        importlib.invalidate_caches()


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    folder = tmp_path / "labs_lib" / "labs"
    monkeypatch.setattr(labs, "__path__", [str(folder)])
    tree = Tree(tmp_path)
    tree.write("__init__.py", '__version__ = "0.1.0"\n')
    tree.write("helper.py", "from labs_lib.deep import more\n")
    tree.write("deep/__init__.py", "")
    tree.write("deep/more.py", "from . import other\nfrom ..settings import n_jobs\n")
    tree.write("deep/other.py", "limit = 1\n")
    tree.write("settings.py", "def n_jobs():\n    return 2\n")
    tree.write("unused.py", "x = 1\n")
    tree.write("labs/__init__.py", "")
    tree.write("course/store.py", "x = 1\n")
    for package in ("labs/fake", "labs/fake/lab", "labs/fake/lab/experiments"):
        tree.write(f"{package}/__init__.py", "")
    tree.write(
        "labs/fake/lab/experiments/tiny.py",
        TINY.replace("from labs_lib import helper\n", ""),
    )
    yield tree
    tree.forget()


@pytest.fixture
def stored(tree):
    store.run("fake/lab/tiny")
    return tree


# Run and load ---------------------------------------------------------------------------


def test_run_stores_one_row_a_repeat_and_setting(tree):
    file = store.run("fake/lab/tiny")
    assert file == tree.root / "data" / "trials" / "fake" / "lab" / "tiny.parquet"
    rows = store.load("fake/lab/tiny")
    assert rows.columns.tolist() == ["seed", "kind", "scale", "found", "n"]
    assert rows["seed"].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert rows["kind"].tolist() == ["a", "a", "b", "b"] * 3
    assert rows["n"].tolist() == rows["seed"].tolist()
    expected = np.random.default_rng(1).normal(0, [1, 1000, 1, 1000])
    assert rows.loc[rows["seed"] == 1, "found"].tolist() == [
        float(f"{x:.6g}") for x in expected
    ]


def test_running_twice_gives_the_same_file(stored):
    file = store.path("fake/lab/tiny")
    first = files.sha256(file)
    store.run("fake/lab/tiny")
    assert files.sha256(file) == first
    assert pq.read_metadata(file).metadata.keys() >= {b"code", b"libraries"}


def test_two_workers_give_the_same_file(tmp_path, tree):
    # In a copy of the package, because a spawned process imports it anew.
    tree.write("labs/fake/lab/experiments/tiny.py", TINY)
    tree.write("helper.py", "import os\n\njobs = os.environ.get('LABS_JOBS')\n")
    tree.change(
        "labs/fake/lab/experiments/tiny.py", '"n": np.int64(seed)', '"jobs": helper.jobs'
    )
    package = settings.ROOT / "labs_lib"
    course = [f"course/{name}.py" for name in ("store", "waiting", "workers", "mode")]
    for name in ("settings.py", "files.py", *course):
        shutil.copy(package / name, tree.root / "labs_lib" / name)
    shutil.copytree(package / "definitions", tree.root / "labs_lib" / "definitions")
    script = tmp_path / "script.py"
    script.write_text(
        "from labs_lib.course import store\n"
        "if __name__ == '__main__':\n"
        "    print(store.run('fake/lab/tiny', workers=2))\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, script],
        env=os.environ | {"PYTHONPATH": str(tmp_path), "LABS_JOBS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")  # and no bar: stderr is no terminal
    two = pd.read_parquet(done.stdout.strip())
    assert two.pop("jobs").tolist() == ["1"] * 12
    tree.write(
        "labs/fake/lab/experiments/tiny.py",
        TINY.replace("from labs_lib import helper\n", ""),
    )
    store.run("fake/lab/tiny")
    pd.testing.assert_frame_equal(two, store.load("fake/lab/tiny").drop(columns="n"))


def test_a_failing_repeat_leaves_the_old_rows(stored):
    stored.change(
        "labs/fake/lab/experiments/tiny.py", "rng =", "assert seed < 2, 'third'\n    rng ="
    )
    before = files.sha256(store.path("fake/lab/tiny"))
    with pytest.raises(AssertionError, match="third"):
        store.run("fake/lab/tiny")
    assert files.sha256(store.path("fake/lab/tiny")) == before
    assert len(list(store.path("fake/lab/tiny").parent.iterdir())) == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("REPEATS = 3", "REPEATS = 1", "fake/lab/tiny: REPEATS is 1, expected at least 2"),
        ("REPEATS = 3", "", "fake/lab/tiny: REPEATS is None"),
        ("def repeat", "def again", r"fake/lab/tiny: no function repeat\(seed\)"),
        ("return [", "return {} and [", r"repeat\(0\) did not return a list of rows"),
        ("return [", "return [] and [", r"repeat\(0\) did not return a list of rows"),
        ('"n": np.int64(seed)', '"seed": 1', "rows have a column 'seed' of their own"),
        ("np.int64(seed)", "np.nan", r"repeat\(0\) has nan in column 'n', expected text"),
        ("np.int64(seed)", "None", "has None in column 'n'"),
        ("np.int64(seed)", "[1]", r"has \[1\] in column 'n'"),
        ("np.int64(seed)", "seed or 'x'", "fake/lab/tiny: a column mixes text and numbers"),
        ('"n":', 'f"n{seed}":', r"repeat\(1\) has the columns .*n1, expected .*n0"),
    ],
)
def test_bad_experiment(tree, old, new, message):
    tree.change("labs/fake/lab/experiments/tiny.py", old, new)
    with pytest.raises(ValueError, match=message):
        store.run("fake/lab/tiny")
    assert not store.path("fake/lab/tiny").exists()


def test_bad_number_of_workers(tree):
    with pytest.raises(ValueError, match="workers is 0, expected at least 1"):
        store.run("fake/lab/tiny", workers=0)


# Names ----------------------------------------------------------------------------------


def test_names(tree):
    tree.write("labs/fake/lab/experiments/_private.py", "")
    tree.write("labs/fake/lab/experiments/small.py", TINY)
    assert store.find() == ["fake/lab/small", "fake/lab/tiny"]
    assert store.find(["fake/lab/tiny"]) == ["fake/lab/tiny"]
    with pytest.raises(ValueError, match="no experiment 'fake/lab/huge'"):
        store.find(["fake/lab/tiny", "fake/lab/huge"])


@pytest.mark.parametrize(
    "function",
    [
        store.run,
        store.load,
        store.check,
        store.status,
        store.confirm,
        store.code_hash,
        store.restamp,
        store.path,
    ],
)
def test_unknown_experiment(tree, function):
    with pytest.raises(
        ValueError, match="no experiment 'fake/lab/huge', expected one of: fake/lab/tiny"
    ):
        function("fake/lab/huge")


def test_experiments_of_the_course_are_described():
    for name in store.find():
        part, lab, own = name.split("/")
        module = importlib.import_module(f"labs_lib.labs.{part}.{lab}.experiments.{own}")
        assert module.__doc__


# Stale, missing, damaged ----------------------------------------------------------------


def test_missing(tree):
    assert not store.check("fake/lab/tiny")
    assert repr(store.status("fake/lab/tiny")) == "fake/lab/tiny: missing"
    for function in (store.load, store.confirm):
        with pytest.raises(FileNotFoundError, match="labs experiment fake/lab/tiny"):
            function("fake/lab/tiny")


def test_current(stored):
    assert store.check("fake/lab/tiny")
    status = store.status("fake/lab/tiny")
    assert (status.state, status.rows) == ("current", 12)
    assert status.libraries["numpy"] == np.__version__
    assert repr(status).startswith("fake/lab/tiny: current, 12 rows, made with Python 3.")


def test_stale(stored):
    stored.change("labs/fake/lab/experiments/tiny.py", '("a", "b")', '("a", "c")')
    assert not store.check("fake/lab/tiny")
    assert store.status("fake/lab/tiny").state == "stale"
    for function in (store.load, store.confirm):
        with pytest.raises(
            ValueError, match=r"has changed .* labs experiment fake/lab/tiny"
        ):
            function("fake/lab/tiny")
    store.run("fake/lab/tiny")
    assert store.load("fake/lab/tiny")["kind"].unique().tolist() == ["a", "c"]


def test_other_versions_of_libraries_are_shown_and_no_reason_to_refuse(stored, monkeypatch):
    monkeypatch.setattr(store.metadata, "version", lambda package: "9.9")
    store.run("fake/lab/tiny")
    monkeypatch.undo()
    monkeypatch.setattr(store, "ROOT", stored.root)
    assert "numpy 9.9, scikit-learn 9.9" in repr(store.status("fake/lab/tiny"))
    assert len(store.load("fake/lab/tiny")) == 12


@pytest.mark.parametrize("function", [store.load, store.restamp, store.confirm])
@pytest.mark.parametrize("spoilt", ["other", "empty", "half", "rows"])
def test_damaged(stored, spoilt, function):
    file = store.path("fake/lab/tiny")
    content = file.read_bytes()
    rows = pq.read_metadata(file).row_group(0).column(0)
    if function is store.restamp:
        stored.change("labs/fake/lab/experiments/tiny.py", "(1, 1000)", "(1, 1000, 2)[:2]")
    middle = bytearray(content)
    middle[4 : 4 + rows.total_compressed_size] = b"?" * rows.total_compressed_size
    kinds = {"other": b"no parquet", "empty": b"", "half": content[:300]}
    file.write_bytes((kinds | {"rows": bytes(middle)})[spoilt])
    with pytest.raises(ValueError, match=r"are damaged.*\(tiny.parquet\).*labs experiment"):
        function("fake/lab/tiny")


def test_a_bit_that_flips_in_the_rows_is_no_other_number(stored):
    file = store.path("fake/lab/tiny")
    good, before = file.read_bytes(), store.load("fake/lab/tiny")
    ranges = []
    for number in range(5):
        column = pq.read_metadata(file).row_group(0).column(number)
        start = column.dictionary_page_offset or column.data_page_offset
        ranges.append(range(start, start + column.total_compressed_size))
    chance = random.Random(0)
    told = 0
    for _ in range(200):
        spoilt = bytearray(good)
        spoilt[chance.choice(chance.choice(ranges))] ^= 1 << chance.randrange(8)
        file.write_bytes(spoilt)
        try:
            found = store.load("fake/lab/tiny")
        except ValueError:
            told += 1
        else:
            assert found.equals(before)
    assert told > 100
    file.write_bytes(good)
    assert store.load("fake/lab/tiny").equals(before)


@pytest.mark.parametrize(
    "notes", [{}, {"code": "0"}, {"code": "0", "libraries": "numpy 2"}]
)
def test_rows_of_another_version(stored, notes):
    table = pq.read_table(store.path("fake/lab/tiny"))
    pq.write_table(table.replace_schema_metadata(notes), store.path("fake/lab/tiny"))
    with pytest.raises(
        ValueError, match="of another version.*labs experiment fake/lab/tiny"
    ):
        store.load("fake/lab/tiny")


# One row a repeat -----------------------------------------------------------------------


def test_wide_puts_variants_side_by_side(stored):
    rows = store.load("fake/lab/tiny")
    found = store.wide(rows, "kind", "found", scale=1000)
    assert list(found.columns) == ["a", "b"]
    assert found.index.tolist() == [0, 1, 2]
    assert found.index.name == "seed"
    one = rows[(rows["seed"] == 1) & (rows["kind"] == "b") & (rows["scale"] == 1000)]
    assert found.loc[1, "b"] == one["found"].item()


def test_wide_keeps_the_order_of_the_experiment(stored):
    rows = store.load("fake/lab/tiny").iloc[::-1]
    assert list(store.wide(rows, "kind", "found", scale=1)) == ["b", "a"]
    both = store.wide(rows, ["scale", "kind"], "found")
    assert list(both) == [(1000, "b"), (1, "b"), (1000, "a"), (1, "a")]
    assert both.columns.names == ["scale", "kind"]
    assert both.index.tolist() == [0, 1, 2]


def test_wide_may_keep_a_setting_in_the_index(stored):
    rows = store.load("fake/lab/tiny")
    found = store.wide(rows, "kind", "found", by=["scale"])
    assert found.index.names == ["scale", "seed"]
    for scale in (1, 1000):
        pd.testing.assert_frame_equal(
            found.loc[scale], store.wide(rows, "kind", "found", scale=scale)
        )


def test_wide_leaves_a_gap_where_a_variant_has_no_row(stored):
    rows = store.load("fake/lab/tiny").query("scale == 1").iloc[1:]
    assert store.wide(rows, "kind", "found").isna().sum().tolist() == [0, 1]


@pytest.mark.parametrize(
    ("columns", "value", "where", "message"),
    [
        ("king", "found", {}, "no column 'king'; they have: seed, kind, scale, found, n"),
        ("kind", "value", {}, "no column 'value'"),
        ("kind", "found", {"speed": 1}, "no column 'speed'"),
        ("kind", "found", {"scale": 7}, "scale is 7, expected one of: 1, 1000"),
        ("kind", "found", {}, "one kind has several rows in one repeat.*a value of: scale"),
        ("kind", "found", {"by": ["spam"]}, "no column 'spam'"),
    ],
)
def test_wide_says_what_there_is(stored, columns, value, where, message):
    with pytest.raises(ValueError, match=message):
        store.wide(store.load("fake/lab/tiny"), columns, value, **where)


def test_wide_refuses_the_same_row_twice(stored):
    rows = store.load("fake/lab/tiny")
    with pytest.raises(ValueError, match="no column differs"):
        store.wide(pd.concat([rows, rows]), ["kind", "scale"], "found")


# Confirm --------------------------------------------------------------------------------


def test_confirm(stored):
    result = store.confirm("fake/lab/tiny", seed=1)
    assert (result.seed, result.rows, result.largest < 1e-5) == (1, 4, True)
    assert repr(result) == "repeat 1 rerun: 4 rows, largest difference 0.0000"


def spoil(tree, change):
    """Store other rows as if the present code had made them."""
    text = (tree.root / "labs_lib/labs/fake/lab/experiments/tiny.py").read_text(
        encoding="utf-8"
    )
    code = store.code_hash("fake/lab/tiny")
    tree.write("labs/fake/lab/experiments/tiny.py", change(text))
    file = store.run("fake/lab/tiny")
    table = pq.read_table(file)
    pq.write_table(
        table.replace_schema_metadata({**table.schema.metadata, b"code": code}), file
    )
    tree.write("labs/fake/lab/experiments/tiny.py", text)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("default_rng(seed)", "default_rng(seed + 1)", "repeat 0, found: stored .*, now"),
        ('("a", "b")', '("a", "c")', "repeat 0, kind: stored 'c', now 'b'"),
        ('("a", "b")', '("a",)', "2 rows stored, 4 now"),
        ('"n":', '"m":', "or other columns"),
    ],
)
def test_confirm_finds_a_difference(tree, old, new, message):
    spoil(tree, lambda text: text.replace(old, new))
    assert store.check("fake/lab/tiny")
    with pytest.raises(ValueError, match=f"experiment 'fake/lab/tiny' differs .*{message}"):
        store.confirm("fake/lab/tiny")


def test_confirm_accepts_rounding_relative_to_large_numbers(tree):
    spoil(tree, lambda text: text.replace("(0, scale)", "(0, scale) * (1 + 2**-8)"))
    result = store.confirm("fake/lab/tiny")
    assert 0.001 < result.largest < 0.01
    with pytest.raises(ValueError, match="differs"):
        store.confirm("fake/lab/tiny", tolerance=0.001)


def test_confirm_a_repeat_that_is_not_stored(stored):
    with pytest.raises(
        ValueError, match="repeat 3 of 'fake/lab/tiny' is not stored, expected 0 to 2"
    ):
        store.confirm("fake/lab/tiny", seed=3)


def test_compare_reruns_everything(tree):
    assert store.compare(["fake/lab/tiny"]) == [
        "the rows of experiment 'fake/lab/tiny' are not stored. "
        "Compute them with: labs experiment fake/lab/tiny"
    ]
    spoil(tree, lambda text: text.replace("default_rng(seed)", "default_rng(min(seed, 1))"))
    before = files.sha256(store.path("fake/lab/tiny"))
    assert store.confirm("fake/lab/tiny").rows == 4
    (problem,) = store.compare(["fake/lab/tiny"])
    assert "'fake/lab/tiny' differs from what is stored: repeat 2, found" in problem
    assert files.sha256(store.path("fake/lab/tiny")) == before
    store.run("fake/lab/tiny")
    assert store.compare(["fake/lab/tiny"]) == []


# The hash of the code -------------------------------------------------------------------
# What it covers is tested in tests/test_definitions.py.


@pytest.mark.parametrize(
    ("file", "old", "new", "counts"),
    [
        ("labs/fake/lab/experiments/tiny.py", "REPEATS = 3", "REPEATS = 4", True),
        ("labs/fake/lab/experiments/tiny.py", '"kind": kind', '"kind": ""', True),
        ("helper.py", "return 1", "return 2", True),
        (
            "labs/fake/lab/experiments/tiny.py",
            "Does the noise",
            "Why does the noise",
            False,
        ),
        ("helper.py", "unused = 1", "unused = 2", False),
        ("course/store.py", "x = 1", "x = 2", False),
    ],
)
def test_hash_follows_what_a_repeat_reaches(tree, file, old, new, counts):
    tree.write("helper.py", "unused = 1\n\n\ndef used():\n    return 1\n")
    tree.write(
        "labs/fake/lab/experiments/tiny.py", TINY.replace("np.int64(seed)", "helper.used()")
    )
    before = store.code_hash("fake/lab/tiny")
    tree.change(file, old, new)
    assert (store.code_hash("fake/lab/tiny") != before) == counts


def test_hash_does_not_depend_on_the_name(tree):
    tree.write("labs/fake/lab/experiments/other.py", TINY)
    assert store.code_hash("fake/lab/other") == store.code_hash("fake/lab/tiny")


def test_hash_runs_nothing(tree):
    tree.change(
        "labs/fake/lab/experiments/tiny.py", "REPEATS = 3", "REPEATS = 3\nraise SystemExit"
    )
    assert len(store.code_hash("fake/lab/tiny")) == 64


def test_hash_covers_rows_of_another_experiment_and_not_its_stamp(stored):
    stored.write(
        "labs/fake/lab/experiments/next.py",
        "from labs_lib.course import store\n\nREPEATS = 2\n\n\n"
        "def repeat(seed):\n    return [{'n': len(store.load('fake/lab/tiny'))}]\n",
    )
    before = store.code_hash("fake/lab/next")
    file = store.path("fake/lab/tiny")
    table = pq.read_table(file)
    notes = {"code": "another", "libraries": "{}"}
    pq.write_table(table.replace_schema_metadata(notes), file)
    assert store.code_hash("fake/lab/next") == before
    pq.write_table(table.slice(1).replace_schema_metadata(notes), file)
    assert store.code_hash("fake/lab/next") != before
    file.unlink()
    assert store.code_hash("fake/lab/next") != before
    files.write_text(file, "no parquet")
    with pytest.raises(ValueError, match="are damaged"):
        store.code_hash("fake/lab/next")


# Restamp --------------------------------------------------------------------------------


@pytest.fixture
def changed(stored):
    """Rows whose code has changed since, without effect on them."""
    stored.change(
        "labs/fake/lab/experiments/tiny.py", "    rng =", "    scale = 0\n    rng ="
    )
    assert store.status("fake/lab/tiny").state == "stale"
    return stored


def test_restamp(changed):
    before, notes = (
        pq.read_table(store.path("fake/lab/tiny")),
        store.status("fake/lab/tiny"),
    )
    first, last = store.restamp("fake/lab/tiny")
    assert (first.seed, first.rows, last.seed, last.rows) == (0, 4, 2, 4)
    assert first.largest < 1e-5
    assert pq.read_table(store.path("fake/lab/tiny")).equals(before)
    status = store.status("fake/lab/tiny")
    assert (status.state, status.libraries) == ("current", notes.libraries)
    assert store.restamp("fake/lab/tiny") == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("default_rng(seed)", "default_rng(seed + 1)", "repeat 0, found: stored .*, now"),
        ("default_rng(seed)", "default_rng(seed % 2)", "repeat 2, found: stored .*, now"),
        ('("a", "b")', '("a",)', "4 rows stored, 2 now"),
        ("(1, 1000)", "(1, 2000)", "repeat 0, scale: stored 1000, now 2000"),
        ("REPEATS = 3", "REPEATS = 4", "3 repeats stored and now asks for 4"),
        ("REPEATS = 3", "REPEATS = 2", "3 repeats stored and now asks for 2"),
        ("REPEATS = 3", "REPEATS = 1", "REPEATS is 1, expected at least 2"),
    ],
)
def test_restamp_refuses_what_differs(changed, old, new, message):
    changed.change("labs/fake/lab/experiments/tiny.py", old, new)
    before = files.sha256(store.path("fake/lab/tiny"))
    with pytest.raises(ValueError, match=f"fake/lab/tiny.*{message}"):
        store.restamp("fake/lab/tiny")
    assert files.sha256(store.path("fake/lab/tiny")) == before
    assert store.status("fake/lab/tiny").state == "stale"


def test_restamp_what_is_not_stored_or_damaged(tree):
    with pytest.raises(FileNotFoundError, match="labs experiment fake/lab/tiny"):
        store.restamp("fake/lab/tiny")
    files.write_text(store.path("fake/lab/tiny"), "no parquet")
    with pytest.raises(ValueError, match="are damaged"):
        store.restamp("fake/lab/tiny")
