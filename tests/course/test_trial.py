"""Trials: computed from the lesson's text, confirmed in the room, compared with a learner's own."""

import concurrent.futures
import inspect
import linecache
import re

import numpy as np
import pandas as pd
import pytest

from labs_lib import settings
from labs_lib.course import catalog
from labs_lib.course.trial import compute, load, plan, room, rows, stored
from labs_lib.course.trial.carried import Carried

CELLS = '''\
import numpy as np

SHIFTS = (0.0, 1.0)


def draw(rng, shift):
    return rng.normal(shift, 1, 20)


def noise(seed, shift=0.0):
    """Draw, and judge two means."""
    values = draw(np.random.default_rng(seed), shift)
    return {
        ("mean", "error"): abs(values.mean() - shift),
        ("median", "error"): abs(np.median(values) - shift),
    }
'''
CALL = 'rows = lab.trial(noise, seeds=4, levels=("method", "measure"), settings={"shift": SHIFTS})'
LESSON = f"""\
# %% [markdown]
# # A tiny lab

# %% tags=["trial"]
{CELLS}
# %%
{CALL}
"""


class Serial(concurrent.futures.Executor):
    """Runs in this process what a pool would run in others."""

    def __init__(self, workers, *, mp_context, initializer, initargs):
        initializer(*initargs)

    def submit(self, function, *arguments):
        future = concurrent.futures.Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.fixture
def lab(tiny, monkeypatch, tmp_path):
    """The tiny course's page with a trial, and an empty place for its rows."""
    monkeypatch.setattr(stored.settings, "ROOT", tmp_path)
    monkeypatch.setattr(compute, "ProcessPoolExecutor", Serial)
    tiny.lesson.write_text(LESSON, encoding="utf-8")
    return tiny


@pytest.fixture
def edit(lab):
    def replace(old, new):
        text = lab.lesson.read_text(encoding="utf-8")
        assert old in text
        lab.lesson.write_text(text.replace(old, new), encoding="utf-8")

    return replace


@pytest.fixture
def done(lab):
    """The same, its rows stored."""
    (declared,) = plan.plans(lab)
    compute.compute(lab, declared, workers=1)
    return lab


NUMBER = iter(range(1_000))


def notebook(text, **kernel):
    """Return the namespace of a notebook that ran this text in one cell."""
    name = f"<notebook cell {next(NUMBER)}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    space = {"__name__": "__main__", **kernel}
    exec(compile(text, name, "exec"), space)
    return space


@pytest.fixture
def run(done):
    """Return a function that runs a notebook's text and calls lab.trial; and what it showed."""

    def call(text=CELLS, **changed):
        shown = []
        space = notebook(text, **changed.pop("kernel", {}))
        given = {
            "seeds": 4,
            "levels": ("method", "measure"),
            "settings": {"shift": space["SHIFTS"]},
        }
        found = room.run_in_lesson(
            "start", space["noise"], **(given | changed), show=shown.append
        )
        return found, shown

    return call


# What a lesson declares -------------------------------------------------------------------


def test_a_lesson_declares_its_trial(lab):
    (declared,) = plan.plans(lab)
    assert (declared.name, declared.seeds) == ("noise", 4)
    assert declared.levels == ("method", "measure")
    assert declared.settings == {"shift": (0.0, 1.0)}
    assert declared.combinations() == [{"shift": 0.0}, {"shift": 1.0}]


def test_a_lesson_without_a_trial(tiny):
    assert plan.plans(tiny) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "lab.trial(noise,",
            "lab.trial(later,",
            "no cell tagged `trial` defines the function later",
        ),
        ("lab.trial(noise,", "lab.trial(make(),", "takes the trial's function by its name"),
        ("seeds=4", "seeds=1", "seeds is 1, expected a whole number of at least 2"),
        (
            "seeds=4",
            "seeds=MANY",
            "'MANY' is not defined; define it in a cell tagged `trial`",
        ),
        ('("method", "measure")', '("method", "seed")', "expected names that differ"),
        ('("method", "measure")', "()", "expected names that differ"),
        ('{"shift": SHIFTS}', '{"shift": [None]}', "expected numbers or texts"),
        ('{"shift": SHIFTS}', '{"sift": SHIFTS}', r"does not take sift"),
    ],
)
def test_a_wrong_declaration_says_what_is_wrong(lab, edit, old, new, message):
    edit(old, new)
    with pytest.raises(ValueError, match=message):
        plan.plans(lab)


# Computing and storing ----------------------------------------------------------------------


def test_rows_are_those_of_the_function(done):
    found = load_rows()
    assert len(found) == 4 * 2 * 2
    assert list(found.table) == ["seed", "shift", "method", "measure", "value"]
    space = notebook(CELLS)
    expected = space["noise"](3, shift=1.0)["median", "error"]
    assert found.wide("error", shift=1.0).loc[3, "median"] == pytest.approx(
        expected, rel=1e-5
    )
    assert stored.status(done) == []


def load_rows():
    return stored.Stored.read("start", "noise").rows


def test_other_processes_give_the_same_rows(done, monkeypatch):
    before = load_rows().table
    monkeypatch.setattr(
        compute, "ProcessPoolExecutor", concurrent.futures.ProcessPoolExecutor
    )
    compute.compute(done, *plan.plans(done), workers=2)
    pd.testing.assert_frame_equal(load_rows().table, before)


def test_an_error_comes_back_from_another_process(lab, edit, monkeypatch):
    monkeypatch.setattr(
        compute, "ProcessPoolExecutor", concurrent.futures.ProcessPoolExecutor
    )
    edit("values = draw", "values = 1 / (seed - 2) + draw")
    with pytest.raises(ValueError, match="raises ZeroDivisionError.*of the trial cells"):
        compute.compute(lab, *plan.plans(lab), workers=1)


def test_missing_rows_name_the_command(lab):
    (problem,) = stored.status(lab)
    assert problem.endswith("Compute them with: labs trial start noise")
    with pytest.raises(FileNotFoundError, match="labs trial start noise"):
        load_rows()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rng.normal(shift, 1, 20)", "rng.normal(shift, 1, 21)"),
        ("(0.0, 1.0)", "(0.0, 2.0)"),
        ("seeds=4", "seeds=5"),
    ],
)
def test_changed_code_makes_rows_stale(done, edit, old, new):
    edit(old, new)
    assert "are stale: run `labs trial start noise`" in stored.status(done)[0]


@pytest.mark.parametrize(
    ("old", "new"), [("Draw, and judge", "Draw and judge"), ("A tiny lab", "A small lab")]
)
def test_words_make_nothing_stale(done, edit, old, new):
    edit(old, new)
    assert stored.status(done) == []


def test_restamp_accepts_code_that_gives_the_same_rows(done, edit):
    edit("rng.normal(shift, 1, 20)", "rng.normal(size=20) + shift")
    before = load_rows().table
    compute.restamp(done, *plan.plans(done), workers=1)
    assert stored.status(done) == []
    pd.testing.assert_frame_equal(load_rows().table, before)


def test_restamp_refuses_other_numbers(done, edit):
    before = stored.path("start", "noise").read_bytes()
    edit("rng.normal(shift, 1, 20)", "rng.normal(shift, 2, 20)")
    with pytest.raises(
        ValueError, match=r"noise\(0, shift=0.0\) differs .* labs trial start"
    ):
        compute.restamp(done, *plan.plans(done), workers=1)
    edit("seeds=4", "seeds=5")
    with pytest.raises(
        ValueError, match="seeds, levels or settings of noise are not those"
    ):
        compute.restamp(done, *plan.plans(done), workers=1)
    assert stored.path("start", "noise").read_bytes() == before


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "values = draw",
            "values = 1 / (seed - 2) + draw",
            r"noise\(2, shift=0.0\) raises ZeroDivisionError.*line 12 of the trial cells: values",
        ),
        (
            "import numpy as np\n",
            "import nompy as np\n",
            "start: the trial cells do not run by themselves: ModuleNotFoundError: No module "
            "named 'nompy', line 1 of the trial cells: import nompy",
        ),
        ("return {", "return None or 3 or {", "returned int, expected a dict"),
        ('("mean", "error")', '"mean"', "has the key 'mean', expected texts for"),
        ('("mean", "error")', '("mean", 3)', "expected texts for"),
        ("abs(values.mean() - shift)", "np.nan", "has nan under"),
        ("abs(values.mean() - shift)", "'high'", "has 'high' under"),
        (
            '("mean", "error")',
            '("mean" if seed < 3 else "average", "error")',
            r"has other keys than .*without \('mean', 'error'\) and with \('average', 'error'\)",
        ),
    ],
)
def test_a_trial_that_fails_says_where_and_stores_nothing(lab, edit, old, new, message):
    edit(old, new)
    with pytest.raises(ValueError, match=message):
        compute.compute(lab, *plan.plans(lab), workers=1)
    assert not stored.path("start", "noise").exists()


def test_an_interrupted_trial_keeps_the_rows_that_were_there(done, edit, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    before = stored.path("start", "noise").read_bytes()
    edit("rng.normal(shift, 1, 20)", "rng.normal(shift, 2, 20)")
    monkeypatch.setattr(compute, "checked", interrupt)
    with pytest.raises(KeyboardInterrupt):
        compute.compute(done, *plan.plans(done), workers=1)
    assert stored.path("start", "noise").read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"no parquet"])
def test_damaged_rows(done, content):
    stored.path("start", "noise").write_bytes(content)
    with pytest.raises(ValueError, match="are damaged.*labs trial start noise"):
        load_rows()
    assert "damaged" in stored.status(done)[0]


def test_rows_without_their_text_are_refused(done):
    load_rows().table.to_parquet(stored.path("start", "noise"))
    with pytest.raises(ValueError, match="of another version of the course"):
        load_rows()


def test_the_cells_run_by_themselves_and_give_what_is_stored(done):
    compute.rerun(done, *plan.plans(done))


# The rows -----------------------------------------------------------------------------------


@pytest.fixture
def table():
    frame = pd.DataFrame(
        [
            (seed, rate, kind, method, measure, float(seed))
            for seed in range(3)
            for rate in (0.1, 0.2)
            for kind in ("b", "a")
            for method in ("none", "SMOTE")
            for measure in ("cost", "recall")
        ],
        columns=["seed", "rate", "kind", "method", "measure", "value"],
    )
    levels = ("kind", "method", "measure")
    return rows.Rows("a/b/c", frame, levels=levels, settings={"rate": (0.1, 0.2)})


def test_wide_keeps_the_order_of_the_trial(table):
    wide = table.wide("cost", kind="b", rate=0.1)
    assert list(wide) == ["none", "SMOTE"]
    assert wide.index.tolist() == [0, 1, 2]
    both = table.wide("cost", rate=0.1)
    assert both.columns.tolist() == [
        ("b", "none"),
        ("b", "SMOTE"),
        ("a", "none"),
        ("a", "SMOTE"),
    ]
    assert list(table.wide("cost", "a", "SMOTE", rate=0.2)) == ["value"]


@pytest.mark.parametrize(
    ("values", "where", "message"),
    [
        (("cost",), {}, "Say which rate of a/b/c you mean: rate=0.1, rate=0.2"),
        (
            ("costs",),
            {"rate": 0.1},
            "'costs' occurs in no level of a/b/c.*measure: cost, recall",
        ),
        (("cost",), {"rate": 0.3}, "rate is 0.3; a/b/c has: 0.1, 0.2"),
        (("cost",), {"share": 0.1}, "has no 'share'; it has: rate, kind, method, measure"),
    ],
)
def test_wide_says_what_there_is(table, values, where, message):
    with pytest.raises(ValueError, match=message):
        table.wide(*values, **where)


def test_the_design_box_takes_its_numbers_from_the_rows(table):
    box = table.design(
        worlds="payments", measure="cost; low is good", yardstick="the truth"
    )
    text = repr(box)
    assert "3: payments" in text
    assert "none, SMOTE" in text
    assert "0.1, 0.2" in text
    assert "<td" in box._repr_html_()


def test_rows_are_read_by_name(done):
    with pytest.raises(ValueError, match="expected PART/LAB/TRIAL"):
        load("start/noise")


# The room -----------------------------------------------------------------------------------


def test_an_unchanged_trial_prints_nothing(run):
    found, shown = run()
    assert shown == []
    assert found.yours is None
    assert found.wide("error", shift=0.0).shape == (4, 2)


@pytest.mark.parametrize(
    "text",
    [
        CELLS.replace("Draw, and judge two means.", "Other words."),
        CELLS.replace("values = draw(", "values  =  draw(  # a remark\n        "),
    ],
)
def test_words_and_layout_are_no_change(run, text):
    assert run(text)[1] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("abs(np.median(values) - shift)", "2 * abs(np.median(values) - shift)"),
        ("rng.normal(shift, 1, 20)", "rng.normal(shift, 1, 30)"),
        ("(0.0, 1.0)", "(0.0, 3.0)"),
        ("import numpy as np", "import numpy.ma as np"),
    ],
)
def test_a_changed_trial_runs_beside_the_stored_one(run, old, new):
    if "ma" in new:
        old, new = "np.median", "np.mean"
    found, shown = run(CELLS.replace(old, new))
    assert "Your version of the trial" in repr(shown[0])
    table = shown[1]
    assert list(table) == ["stored", "yours", "difference"]
    assert found.yours.seeds == 3
    assert found.seeds == 4


def test_both_are_compared_over_the_same_seeds(run):
    text = CELLS.replace("np.median(values) - shift)", "np.median(values) - shift) + 1")
    found, (_, table) = run(text)
    assert np.allclose(table["difference"].xs("median", level="method"), 1, atol=1e-5)
    same = found.wide("error", shift=0.0).iloc[:3]["median"].mean()
    assert table.loc[(0.0, "median", "error"), "stored"] == pytest.approx(same)
    # The other method is as it was.
    assert "mean" not in table.index.get_level_values("method")
    assert "without a difference left out" in table.columns.name


def test_a_learner_may_add_a_method(run):
    text = CELLS.replace(
        '        ("mean"', '        ("zero", "error"): shift,\n        ("mean"'
    )
    _, (_, table) = run(text)
    assert np.isnan(table.loc[(1.0, "zero", "error"), "stored"])
    assert table.loc[(1.0, "zero", "error"), "yours"] == 1


def test_a_learner_may_change_levels(run):
    text = CELLS.replace('("mean", "error")', '"mean"').replace(
        '("median", "error")', '"median"'
    )
    _, (_, table) = run(text, levels=("method",))
    assert list(table) == ["yours"]


def test_data_of_the_kernel_are_refused_by_name(run):
    text = CELLS.replace(
        "    return rng", "    rng = rng if len(frame) else rng\n    return rng"
    )
    with pytest.raises(ValueError, match="uses frame, a DataFrame of the notebook"):
        run(text, kernel={"frame": pd.DataFrame({"a": [1]})})


def test_a_class_of_the_notebook_is_refused_by_name(run):
    text = "class Judge: ...\n\n" + CELLS.replace(
        "    return {", "    Judge()\n    return {"
    )
    with pytest.raises(ValueError, match="uses Judge, a class of the notebook"):
        run(text)


def test_an_unknown_name_is_told(run):
    with pytest.raises(ValueError, match="uses drawn, which does not exist"):
        run(CELLS.replace("values = draw(", "values = drawn("))


def test_an_error_in_the_learners_version_names_its_line(run):
    with pytest.raises(
        ValueError, match=r"your noise\(0, shift=0.0\) raises .*: values = 1 / 0"
    ):
        run(CELLS.replace("values = draw(", "values = 1 / 0 + draw("))


@pytest.mark.parametrize(("seed", "ended"), [(0, 0), (2, 2)])
def test_an_interrupt_keeps_the_seeds_that_ended(run, seed, ended):
    stop = f"    if (seed, shift) == ({seed}, 1.0):\n        raise KeyboardInterrupt\n"
    found, shown = run(CELLS.replace("    values = draw", f"{stop}    values = draw"))
    if ended:
        assert found.yours.seeds == ended
        assert len(shown) == 2
    else:
        assert found.yours is None
        assert "Stopped" in repr(shown[-1])


def test_a_version_that_takes_long_runs_for_fewer_seeds(run, monkeypatch):
    monkeypatch.setattr(room, "OWN_SECONDS", 0.0)
    found, _ = run(CELLS.replace("np.median(values)", "values.max()"))
    assert found.yours.seeds == 1


def test_a_rerun_that_differs_is_an_error(run, done):
    file = stored.Stored.read("start", "noise")
    file.table["value"] += 1
    stored.write(file.file, file.table, file.plan, file.code, file.seconds)
    with pytest.raises(ValueError, match=r"noise\(0, .* differs from what is stored"):
        run()


def test_chaotic_numbers_may_lie_within_the_stored_range_or_outside_by_chance(done):
    file = stored.Stored.read("start", "noise")
    wild = plan.TrialPlan(**{**vars(file.plan), "chaotic": ("error",)})
    wide = file.rows.wide("error", shift=0.0)
    inside = {
        ("mean", "error"): wide["mean"].max(),
        ("median", "error"): wide["median"].min(),
    }
    file.compare(wild, 0, 0, inside)
    assert file.rows.seeds > 3
    with pytest.raises(ValueError, match="median, error was .*, is 9. A library"):
        file.compare(wild, 0, 0, inside | {("median", "error"): 9.0})


def test_as_many_fresh_draws_lie_outside_as_chance_explains():
    rng = np.random.default_rng(0)
    draws = rng.normal(size=(400, 40, 21))
    low, high = draws[..., 1:].min(axis=2), draws[..., 1:].max(axis=2)
    outside = ((draws[..., 0] < low) | (draws[..., 0] > high)).sum(axis=1)
    wrong = (outside > stored.outside_by_chance(40, 20)).sum()
    assert wrong <= 4
    assert 40 * 2 / 21 < stored.outside_by_chance(40, 20) < 40 / 3


@pytest.mark.parametrize(
    ("numbers", "seeds", "most"), [(0, 5, 0), (1, 30, 0), (8, 20, 0), (450, 30, 46)]
)
def test_what_chance_explains_at_the_ends(numbers, seeds, most):
    assert stored.outside_by_chance(numbers, seeds) == most


def test_what_cannot_be_waited_for_is_not_rerun(run, done):
    file = stored.Stored.read("start", "noise")
    file.table["value"] += 1
    stored.write(file.file, file.table, file.plan, file.code, [60.0, 60.0])
    assert run()[1] == []


def test_carried_text_runs_by_itself():
    text = "import numpy as np\nimport math\nSIDES = {'a': (1, 2)}\n" + (
        "def inner(x):\n    return np.sqrt(x) + math.pi\n"
        "def outer(seed):\n    total = sum(SIDES['a'])\n    return inner(total)\n"
    )
    function = notebook(text)["outer"]
    again = notebook(Carried(function).text())["outer"]
    assert again(0) == function(0)
    assert "inner" in inspect.getsource(again)


def test_ci_runs_a_trial_on_windows():
    file = settings.ROOT / ".github" / "workflows" / "tests.yml"
    if not file.exists():
        pytest.skip("this copy has no CI")
    step = r"- run: labs trial (\S+) (\S+) --restamp\n +if: runner\.os == 'Windows'"
    (named,) = re.findall(step, file.read_text(encoding="utf-8"))
    assert named[1] in [trial.name for trial in plan.plans(catalog.find(named[0]))]


def test_trials_of_the_course_are_found():
    for info in catalog.labs():
        assert isinstance(plan.plans(info), list)
