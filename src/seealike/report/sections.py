"""What a figure of the report is: one chart, one table, and the choices that pick its rows.

A new figure is **one chart file and one entry** in `contents.SECTIONS`; no JavaScript, no change of the page:

1. Write ``chart_NAME.py`` with ``def NAME(data: Data, look: Look) -> alt.TopLevelMixin`` (the pattern is
   `chart_accuracy.dots`). ``data`` holds the rows that fit the choices; ``look`` what rows cannot say.
2. Add a `Section` to `contents.SECTIONS`, with the chapter in which it stands.

The rows are the same in Python (`rows.section_rows`, for saved figures) and in the page (``rows.js``): all columns of
the table, and

- rows with ``model``: ``group`` (its value of the chosen card field) and ``card`` (its fields in one line);
- rows with ``model_x`` and ``model_y``: ``group_x``, ``group_y``, ``card_x``, ``card_y`` and ``sets``: "a × a" for
  two models of one group, else "different sets";
- rows with ``set_x`` and ``set_y``: ``pair`` ("a × b") and ``kind`` ("within one set", "across two sets");
- rows with ``measure``, ``measure_x`` or ``measure_y``: ``measure_label``, ``measure_label_x`` …, the id in words;
- ``jitter`` in [-1, 1], which keeps points of one line apart.

With ``mirror=True`` a row also stands there with all its ``…_x`` and ``…_y`` columns exchanged: a square from half.
Everything else (medians, bands, sorting, regression lines) is done in Vega-Lite. Null stays null; the page says below
the figure how many rows have a ``reason`` and what it is. In the page every value of `Look` is a slot ("@…") which
the script fills in: put its lists where lists belong (`sort`, `domain`, `range`) and its words into titles; do
not compute with them. A numeric ``width`` is shrunk to the window; facets and steps scroll.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import altair as alt

from seealike.report.charts import Data, Slot


@dataclass(frozen=True)
class Look:
    """What a chart cannot know from its rows.

    Attributes:
        subtitle: the choices in words.
        groups: names of the rows' groups (`sets` for pairs of models), in the order of the legend.
        colors: their colours.
        models: all models in the order of the chosen measure: similar ones stand side by side.
        datasets: all datasets in the study's order.
        domain: the ends of the chosen measure's similarities, the same for all datasets.
        chosen: choice -> its value, for titles.
        cards: rows {"name", "field", "value", "label"} of what is known of each model or dataset of a square, for
            `chart_sides`; `labels` and `label_colors` are their legend.
        ink: the colour of words and of lines across a figure; light in the dark.
        paper: the colour behind a figure, for halos.
        n_models: how many models there are: a number in the page too, for sizes.
        n_datasets: how many datasets there are.
    """

    subtitle: str = ""
    groups: Slot = field(default_factory=list)
    colors: Slot = field(default_factory=list)
    models: Slot = field(default_factory=list)
    datasets: Slot = field(default_factory=list)
    domain: Slot = field(default_factory=lambda: [0, 1])
    chosen: Mapping[str, str] = field(default_factory=dict)
    cards: Slot = field(default_factory=list)
    labels: Slot = field(default_factory=list)
    label_colors: Slot = field(default_factory=list)
    ink: str = "#202124"
    paper: str = "#ffffff"
    n_models: int = 1
    n_datasets: int = 1


@dataclass(frozen=True)
class Section:
    """One figure of the report.

    Attributes:
        name: of the figure, its files and its place in the page.
        chapter: name of the chapter in which it stands (`contents.CHAPTERS`).
        table: the table it draws: one of a study's, or one derived from them (`joined.DERIVED`).
        title: of the saved figure; what is drawn.
        caption: HTML: a question in ``<strong>``, then how to read the figure.
        absent: what stands there instead where the table is missing or empty: what it needs.
        chart: draws it.
        choices: columns of the table, each of which is held at one value: ``measure``, ``correlation`` and ``field``
            are chosen for the whole page, ``dataset`` for all figures with one, others beside the figure. Each
            offers the values that go with those before it, so put the wider ones first.
        mirror: add every row with x and y exchanged.
        fixed: choices that saved files keep at their first value.
        click: choice of any figure -> field of the mark whose value a click gives it.
        sides: "model" or "dataset" where the figure is a square of them with bars of their fields (`chart_sides`).
        value: the column that a mark stands for, where a row may have it and still give a `reason` for what it
            lacks; in other tables a row with a reason has no value.
        home: name of the figure under which this one can be saved, where the page shows it in another way.
    """

    name: str
    chapter: str
    table: str
    title: str
    caption: str
    absent: str
    chart: Callable[[Data, Look], alt.TopLevelMixin]
    choices: tuple[str, ...] = ()
    mirror: bool = False
    fixed: tuple[str, ...] = ()
    click: Mapping[str, str] = field(default_factory=dict)
    sides: str = ""
    value: str = ""
    home: str = ""


@dataclass(frozen=True)
class Chapter:
    """One page of the report: a question and the figures that answer it."""

    name: str
    title: str
    question: str


def page_look(section: Section, n_models: int, n_datasets: int) -> Look:
    """The look of a section in the page: a slot for everything but the two numbers.

    Example:
        >>> from seealike.report.contents import SECTIONS
        >>> page_look(SECTIONS[0], 6, 3).groups
        ['@groups']
    """
    return Look(
        subtitle="@subtitle",
        groups=["@groups"],
        colors=["@colors"],
        models=["@models"],
        datasets=["@datasets"],
        domain=["@domain"],
        chosen={choice: f"@{{{choice}}}" for choice in section.choices},
        cards=["@cards"],
        labels=["@labels"],
        label_colors=["@label_colors"],
        ink="@ink",
        paper="@paper",
        n_models=n_models,
        n_datasets=n_datasets,
    )
