"""Figures are labelled, described, readable in both themes, and always the same bytes."""

import io
from collections import Counter

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex, to_rgb
from PIL import Image

from labs_lib import plots, stats

TEXTS = {
    "title": "Recall costs precision",
    "x": "recall (0 to 1)",
    "y": "precision (0 to 1)",
    "alt": "Precision falls as recall grows.",
}


@pytest.fixture(autouse=True)
def shown(monkeypatch):
    """Return the list of what a notebook would show."""
    pictures = []

    def display(thing):
        if hasattr(thing, "png"):
            pictures.append(thing)
        else:
            pictures[-1].caption = thing

    monkeypatch.setattr(plots, "display", display)
    return pictures


def pixels(picture) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGBA"))


def draw(**changes):
    with plots.figure(**TEXTS | changes) as ax:
        ax.plot([0, 1], [1, 0])


# What is shown ------------------------------------------------------------------------


def test_the_block_shows_one_figure_with_its_description(shown):
    draw()
    (picture,) = shown
    assert repr(picture) == "Figure: Precision falls as recall grows."
    assert picture._repr_png_().startswith(b"\x89PNG")
    assert repr(picture.caption) == "Precision falls as recall grows."


def test_the_description_is_escaped(shown):
    draw(alt='"Better" & <cheaper>.')
    assert "&quot;Better&quot; &amp; &lt;cheaper&gt;." in shown[0].caption._repr_html_()
    assert repr(shown[0]) == 'Figure: "Better" & <cheaper>.'


def test_the_same_figure_is_the_same_bytes(shown):
    draw()
    draw()
    draw(x="recall (share)")
    assert shown[0].png == shown[1].png
    assert shown[0].png != shown[2].png
    assert set(Image.open(io.BytesIO(shown[0].png)).info) == {"dpi"}


def test_size_and_opaque_white_background_with_dark_text(shown):
    draw()
    draw(size=(5, 3))
    with plots.figure(**TEXTS, panels=2) as axes:
        for ax in axes:
            ax.plot([0, 1], [1, 0])
    assert [pixels(picture).shape[:2] for picture in shown] == [
        (400, 700),
        (300, 500),
        (400, 1000),
    ]
    image = pixels(shown[0])
    assert (image[..., 3] == 255).all()
    assert (image[0, 0, :3] == 255).all()
    assert (image[..., :3].max(axis=2) < 60).sum() > 500  # letters and axes


def test_whatever_style_was_set_before_and_it_comes_back(shown):
    draw()
    with plt.style.context("dark_background"), mpl.rc_context({"font.size": 30}):
        before = dict(mpl.rcParams)
        draw()
        assert dict(mpl.rcParams) == before
    assert shown[0].png == shown[1].png


def test_no_figure_is_left_open():
    draw()
    assert plt.get_fignums() == []
    fig, ax = plt.subplots()
    ax.plot([0, 1], [1, 0])
    ax.set(title="t", xlabel="x (s)", ylabel="y (s)")
    plots.show(fig, alt="A line falls.")
    assert plt.get_fignums() == []


def test_the_series_differ_in_colour_and_in_dash(shown):
    with plots.figure(**TEXTS) as ax:
        drawn = [ax.plot([0, 1], [0, i])[0] for i in range(len(plots.COLORS))]
        colors = [to_hex(line.get_color()).upper() for line in drawn]
        dashes = {str(line._dash_pattern) for line in drawn}
    assert colors == [color.upper() for color in plots.COLORS.values()]
    assert len(dashes) == len(plots.COLORS)
    assert len(set(plots.MARKERS)) == len(plots.COLORS)


def test_the_palette_can_be_told_apart_on_white_and_without_green_receptors():
    # Simulated deuteranopia of linear light: Machado, Oliveira and Fernandes 2009.
    deuteranopia = np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    )
    colors = np.array([to_rgb(c) for c in ["#FFFFFF", *plots.COLORS.values()]]) ** 2.2
    seen = (colors @ deuteranopia.T).clip(0, 1) ** (1 / 2.2)
    distance = np.linalg.norm(seen[:, None] - seen[None], axis=2)
    assert distance[np.triu_indices(len(seen), 1)].min() > 0.12


# What is refused ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["title", "alt"])
@pytest.mark.parametrize("text", ["", "  ", None, 5])
def test_empty_text(name, text):
    with (
        pytest.raises(ValueError, match=f"{name} is .*, expected some words"),
        plots.figure(**TEXTS | {name: text}),
    ):
        pass


@pytest.mark.parametrize("panels", [0, 5, "two"])
def test_bad_number_of_panels(panels):
    with (
        pytest.raises(ValueError, match="expected 1 to 4"),
        plots.figure(**TEXTS, panels=panels),
    ):
        pass


@pytest.mark.parametrize(
    "fault",
    [
        lambda ax: None,
        lambda ax: ax.plot([], []),
        lambda ax: ax.plot([0, 1], [np.nan, np.nan]),
        lambda ax: ax.scatter([np.inf], [0]),
        lambda ax: ax.axhline(0),
        lambda ax: ax.text(0.5, 0.5, "no data"),
    ],
)
def test_blank_figure(fault, shown):
    with (
        pytest.raises(ValueError, match="panel 1 of 1 is blank"),
        plots.figure(**TEXTS) as ax,
    ):
        fault(ax)
    assert shown == []


@pytest.mark.parametrize(
    "content",
    [
        lambda ax: ax.plot([0], [0], "o"),
        lambda ax: ax.scatter([0, 1], [0, 1]),
        lambda ax: ax.bar(["a", "b"], [1, 2]),
        lambda ax: ax.hist([1, 2, 3]),
        lambda ax: ax.imshow(np.eye(3)),
        lambda ax: ax.pcolormesh(np.eye(3)),
        lambda ax: ax.fill_between([0, 1], [0, 1]),
        lambda ax: ax.boxplot([[1, 2, 3]]),
        lambda ax: ax.errorbar([0], [1], yerr=[1]),
    ],
)
def test_what_counts_as_drawn(content, shown):
    with plots.figure(**TEXTS) as ax:
        content(ax)
    assert len(shown) == 1


def test_one_blank_panel_of_two():
    with (
        pytest.raises(ValueError, match="panel 2 of 2 is blank"),
        plots.figure(**TEXTS, panels=2) as axes,
    ):
        axes[0].plot([0, 1], [1, 0])


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"xlabel": ""}, "the x axis has no name"),
        ({"ylabel": " "}, "the y axis has no name"),
        ({"title": ""}, "the figure has no title"),
        ({"xlabel": "recall"}, r"the x axis 'recall' has numbers without a unit"),
        ({"ylabel": "cost ()"}, r"the y axis 'cost \(\)' has numbers without a unit"),
        (
            {"xlabel": "rows", "xscale": "log"},
            "the x axis 'rows' has numbers without a unit",
        ),
    ],
)
def test_missing_label(fault, message, shown):
    def spoilt():
        with plots.figure(**TEXTS) as ax:
            ax.plot([1, 10], [1, 0])
            ax.set(**fault)

    with pytest.raises(ValueError, match=message):
        spoilt()
    assert shown == []


def test_names_and_dates_need_no_unit(shown):
    with plots.figure(**TEXTS | {"x": ""}) as ax:
        ax.bar(["k-NN", "XGBoost"], [0.3, 0.5])
    with plots.figure(**TEXTS | {"x": ""}) as ax:
        ax.bar([0, 1], [0.3, 0.5])
        ax.set_xticks([0, 1], ["k-NN", "XGBoost"])
    with plots.figure(**TEXTS | {"x": "day"}) as ax:
        ax.plot(pd.date_range("2026-01-01", periods=3), [1, 2, 3])
    assert len(shown) == 3


def test_a_colour_scale_needs_a_name(shown):
    with plots.figure(**TEXTS) as ax:
        ax.figure.colorbar(ax.imshow(np.eye(2)), label="share (0 to 1)")
    assert len(shown) == 1
    with (
        pytest.raises(ValueError, match="the y axis has no name"),
        plots.figure(**TEXTS) as ax,
    ):
        ax.figure.colorbar(ax.imshow(np.eye(2)))


def test_an_error_in_the_block_shows_nothing_and_gives_the_settings_back(shown):
    before = dict(mpl.rcParams)
    with pytest.raises(ZeroDivisionError), plots.figure(**TEXTS) as ax:
        ax.plot([0, 1], [1, 1 / 0])
    assert shown == []
    assert dict(mpl.rcParams) == before


def test_a_figure_shows_only_once():
    draw_on = mpl.figure.Figure()
    ax = draw_on.subplots()
    ax.plot([0, 1], [1, 0])
    ax.set(title="t", xlabel="x (s)", ylabel="y (s)")
    plots.show(draw_on, alt="A line falls.")
    with pytest.raises(ValueError, match=r"blank.* only once"):
        plots.show(draw_on, alt="A line falls.")


@pytest.mark.parametrize(
    ("fig", "alt", "message"),
    [
        (mpl.figure.Figure(), "A line.", "the figure is blank"),
        (mpl.figure.Figure(), "", "alt is '', expected some words"),
        ("figure", "A line.", "fig is str, expected a figure"),
    ],
)
def test_bad_arguments_of_show(fig, alt, message):
    with pytest.raises(ValueError, match=message):
        plots.show(fig, alt=alt)


# Helpers ------------------------------------------------------------------------------


def comparison(low, high, margin=None):
    return stats.Comparison(
        (low + high) / 2, low, high, 20, "worlds", 0.95, comparisons=1, margin=margin
    )


def test_intervals_show_each_result_from_top_to_bottom(shown):
    results = {
        "up": comparison(0.01, 0.03),
        "unknown": comparison(-0.01, 0.03),
        "same": comparison(-0.01, 0.01, 0.02),
    }
    with plots.figure(**TEXTS | {"y": "method"}) as ax:
        plots.intervals(ax, results)
        names = [label.get_text() for label in ax.get_yticklabels()]
        top_first = ax.transData.transform([(0, 0), (0, 2)])[:, 1]
        points = [line for line in ax.lines if line.get_marker() == "o"]
        bars = [line.get_xdata() for line in ax.lines if line.get_linewidth() == 2]
        bands = [(p.get_x(), p.get_width()) for p in ax.patches]
    assert names == ["up", "unknown", "same"]
    assert top_first[0] > top_first[1]
    assert [point.get_xdata()[0] for point in points] == pytest.approx([0.02, 0.01, 0])
    assert [point.get_markerfacecolor() == "white" for point in points] == [
        False,
        True,
        False,
    ]
    assert [list(bar) for bar in bars] == [[0.01, 0.03], [-0.01, 0.03], [-0.01, 0.01]]
    assert bands == [(-0.02, 0.04)]
    assert len(shown) == 1


def test_intervals_of_absolute_values_have_no_line_at_zero(shown):
    with plots.figure(**TEXTS | {"y": ""}) as ax:
        plots.intervals(ax, {"XGBoost": stats.mean_interval([0.5, 0.52, 0.51])})
        assert ax.get_xlim()[0] > 0.4
    assert len(shown) == 1


@pytest.mark.parametrize(
    ("results", "message"),
    [({}, "results is empty"), ({"a": 0.5}, "'a' is float, expected a Comparison")],
)
def test_bad_results_of_intervals(results, message):
    with pytest.raises(ValueError, match=message):
        plots.intervals(mpl.figure.Figure().subplots(), results)


def points():
    return pd.DataFrame(
        {
            "rows": [10, 1, 1, 10],
            "seconds": [4.0, 1.0, 2.0, 3.0],
            "low": [3.0, 0.5, 1.5, 2.5],
            "high": [5.0, 1.5, 2.5, 3.5],
            "algorithm": ["k-NN", "k-NN", "trees", "trees"],
        }
    )


def test_lines_are_sorted_and_told_apart(shown):
    data = points()
    columns = {"x": "rows", "y": "seconds", "group": "algorithm"}
    with plots.figure(**TEXTS) as ax:
        plots.lines(ax, data, **columns, low="low", high="high")
        drawn = [(list(line.get_xdata()), list(line.get_ydata())) for line in ax.lines]
        looks = Counter(
            value
            for line in ax.lines
            for value in (line.get_color(), line.get_linestyle(), line.get_marker())
        )
        names = [text.get_text() for text in ax.get_legend().get_texts()]
        assert len(ax.collections) == 2
    assert drawn == [([1, 10], [1.0, 4.0]), ([1, 10], [2.0, 3.0])]
    assert set(looks.values()) == {1}
    assert names == ["k-NN", "trees"]
    pd.testing.assert_frame_equal(data, points())
    assert len(shown) == 1


def test_markers_of_many_points_stay_apart():
    ax = mpl.figure.Figure().subplots()
    data = pd.DataFrame({"x": range(200), "y": range(200), "group": "one"})
    plots.lines(ax, data, x="x", y="y", group="group")
    assert ax.lines[0].get_markevery() == 10


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": "row"}, "no column 'row' in data; it has 'rows', 'seconds'"),
        ({"low": "low"}, "low and high come together"),
        ({"data": points().head(0)}, "'algorithm' has 0 groups, expected 1 to 7"),
        (
            {"data": pd.DataFrame({"rows": 1, "seconds": 1, "algorithm": range(8)})},
            "'algorithm' has 8 groups",
        ),
    ],
)
def test_bad_input_of_lines(changes, message):
    arguments = {"data": points(), "x": "rows", "y": "seconds", "group": "algorithm"}
    with pytest.raises(ValueError, match=message):
        plots.lines(mpl.figure.Figure().subplots(), **arguments | changes)


def test_a_dag_stands_right_of_what_it_came_from(shown):
    edges = [("a", "b"), ("b", "c"), ("a", "c"), ("late", "c"), ("a", "b")]
    with plots.figure(**TEXTS) as ax:
        plots.dag(ax, iter(edges), marked={"b"})
        place = {text.get_text(): text.get_position() for text in ax.texts}
        boxes = {t.get_text(): t.get_bbox_patch() for t in ax.texts if t.get_text()}
    del place[""]
    assert {name: x for name, (x, _) in place.items()} == {
        "a": 0,
        "b": 1,
        "c": 2,
        "late": 1,
    }
    assert place["b"][1] != place["late"][1]
    assert {name for name, box in boxes.items() if box.get_linewidth() == 2} == {"b"}
    assert len(shown) == 1


@pytest.mark.parametrize(
    ("edges", "marked", "message"),
    [
        ([], (), "edges is empty"),
        ([("a", "b"), ("b", "c"), ("c", "b")], (), "go in a circle"),
        ([("a", "a")], (), "go in a circle"),
        ([("a", "b")], {"c"}, "marked holds c"),
    ],
)
def test_bad_input_of_a_dag(edges, marked, message):
    with pytest.raises(ValueError, match=message):
        plots.dag(mpl.figure.Figure().subplots(), edges, marked=marked)
