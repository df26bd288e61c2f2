"""``seealike``: every command, and what its errors become; heavy modules are imported by who needs them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Parameter

from seealike.cli.align import align
from seealike.cli.causes import causes
from seealike.cli.features import features, importing
from seealike.cli.human import human
from seealike.cli.studies import list_studies, new
from seealike.cli.triplets import triplets
from seealike.cli.values import Flag, values
from seealike.errors import SeealikeError

app = App(
    name="seealike",
    help="Do models see alike? On every dataset, for what reason, and the way people do.\n\n"
    "New here? Type: seealike demo\n\n"
    "Exit codes: 0 done, 1 a bug (with a traceback), 2 yours to mend (one line says what), "
    "3 done but some cells failed (run the same command again to retry just those).",
    version_flags=["--version"],
    suppress_keyboard_interrupt=False,
)
listing = App(name="list", help="List the models, datasets, measures or studies that can be used.")
app.command(listing)
app.command(importing)
app.command(features)
app.command(causes)
app.command(new)
listing.command(list_studies, name="studies")
app.command(triplets)
app.command(human)
app.command(align)

StudyFile = Annotated[
    Path, Parameter(help="The study file (YAML), or the name of one that comes with seealike.")
]
Values = Annotated[
    list[str] | None,
    Parameter(name="--set", negative="", help="NAME=VALUE for the study's `parameters:`; may be repeated."),
]
Only = Annotated[str | None, Parameter(help="Only the study of this name, where the file holds several.")]


@app.command
def demo(folder: Path = Path("seealike-demo"), *, seed: int = 0) -> int:
    """Make small datasets and really trained networks, compare them, and write a report; offline, in minutes.

    Parameters
    ----------
    folder
        Where to put everything. What is there already is kept and used.
    seed
        Seed of the datasets and of the training.
    """
    from seealike.cli import work

    return work.demo(folder, seed)


@app.command
def run(study: StudyFile, *, set_: Values = None, only: Only = None) -> int:
    """Do everything in a study that is not done yet: train, extract, compare, probe, judge, analyse, report."""
    from seealike.cli import work

    return work.run(study, values(set_), only, work.STAGES, report=True)


@app.command
def plan(study: StudyFile, *, set_: Values = None, only: Only = None, cells: Flag = False) -> int:
    """Show what is done, to do, skipped or failed, and why; nothing is run.

    Parameters
    ----------
    cells
        List every cell instead of those to do, skipped or failed (the first few of each).
    """
    from seealike.cli import work

    return work.plan(study, values(set_), only, all_cells=cells)


@app.command
def train(study: StudyFile, *, set_: Values = None, only: Only = None) -> int:
    """Train the networks of a study's `causes:`; a training that was stopped goes on where it was."""
    from seealike.cli import work

    return work.run(study, values(set_), only, ("train",))


@app.command
def extract(study: StudyFile, *, set_: Values = None, only: Only = None) -> int:
    """Run the models over the datasets and keep their features."""
    from seealike.cli import work

    return work.run(study, values(set_), only, ("extract",))


@app.command
def compare(study: StudyFile, *, set_: Values = None, only: Only = None) -> int:
    """Compute the similarities of all pairs of models from features on disk."""
    from seealike.cli import work

    return work.run(study, values(set_), only, ("compare",))


@app.command
def probe(study: StudyFile, *, set_: Values = None, only: Only = None) -> int:
    """Train linear probes on features on disk: how well they tell the classes of each dataset."""
    from seealike.cli import work

    return work.run(study, values(set_), only, ("probe",))


@app.command
def judge(study: StudyFile, *, set_: Values = None, only: Only = None) -> int:
    """Score models against people's judgements of images: what is human-like in them, and how far one can get."""
    from seealike.cli import work

    return work.run(study, values(set_), only, ("judge",))


@app.command
def analyse(study: StudyFile, *, set_: Values = None, only: Only = None) -> int:
    """Compute consistency and the other analyses from similarities on disk."""
    from seealike.cli import work

    return work.run(study, values(set_), only, ("analyse",))


@app.command
def report(
    study: StudyFile,
    *,
    figures: Path | None = None,
    format_: Annotated[Literal["png", "pdf", "svg"], Parameter(name="--format")] = "png",
    images: Flag = False,
    set_: Values = None,
    only: Only = None,
) -> int:
    """Write the HTML report from the tables on disk, and with --figures every figure as a file.

    Parameters
    ----------
    figures
        A folder for every figure, for every choice worth a file; no browser is needed.
    format_
        Of those files.
    images
        Put small pictures of the images that people judged into the page: only where their licence lets you.
    """
    from seealike.cli import work

    code = work.run(study, values(set_), only, (), report=True, images=images)
    if figures is not None:
        work.save_figures(study, values(set_), only, figures, format_)
    return code


Words = Annotated[list[str] | None, Parameter(negative="")]


@listing.command(name="models")
def list_models(
    which: str | None = None,
    *,
    objective: Words = None,
    source: Words = None,
    data: Words = None,
    architecture: Words = None,
    list_: Annotated[list[str] | None, Parameter(name="--list", negative="")] = None,
    timm: str | None = None,
    sources: Flag = False,
    set_: Values = None,
) -> int:
    """List the models of the catalogue, of a study, or the sources that models can come from.

    Piped into another program, the lists are tables of tabs.

    Parameters
    ----------
    which
        A name (shown in full), a pattern ("dinov2*") or a list ("paper-64") of the catalogue; or a study file.
    objective
        Only models trained for this ("ssl").
    source
        Only models of this source ("timm").
    data
        Only models trained on this ("imagenet-1k", "laion", "large").
    architecture
        Only models of this architecture or class ("vit", "convolutional").
    list_
        Only models of this list.
    timm
        List timm's pretrained models whose name matches this pattern ("resnet*") instead.
    sources
        List the sources and their keys instead.
    """
    if timm is not None or sources or _is_study(which):
        from seealike.cli import show

        return show.models(Path(which) if which and _is_study(which) else None, values(set_), timm)
    from seealike.cli import known

    wanted = {
        "objective": objective,
        "source": source,
        "data": data,
        "architecture": architecture,
        "list": list_,
    }
    return known.models(which, {option: words or [] for option, words in wanted.items()})


@listing.command(name="datasets")
def list_datasets(
    which: str | None = None,
    *,
    domain: Words = None,
    list_: Annotated[list[str] | None, Parameter(name="--list", negative="")] = None,
    sources: Flag = False,
    set_: Values = None,
) -> int:
    """List the datasets of the catalogue, of a study, or the sources that datasets can come from.

    Parameters
    ----------
    which
        A name (shown in full), a pattern ("wds/vtab/*") or a list ("paper-23") of the catalogue; or a study file.
    domain
        Only datasets of this domain ("structured").
    list_
        Only datasets of this list.
    sources
        List the sources and their keys instead.
    """
    if sources or _is_study(which):
        from seealike.cli import show

        return show.datasets(Path(which) if which and _is_study(which) else None, values(set_))
    from seealike.cli import known

    return known.datasets(which, {"domain": domain or [], "list": list_ or []})


def _is_study(which: str | None) -> bool:
    return which is not None and Path(which).suffix in (".yaml", ".yml")


@listing.command(name="measures")
def list_measures(
    measure: str | None = None,
    *,
    aliases: Flag = False,
) -> int:
    """List the measures with formula, direction, range, parameters, invariances, cost and source.

    Parameters
    ----------
    measure
        Show all that there is to say of this one; what another program calls it will do too.
    aliases
        List what other programs call them, and what differs.
    """
    from seealike.cli import catalogue

    if aliases:
        return catalogue.aliases()
    return catalogue.measures() if measure is None else catalogue.measure(measure)


@app.command
def show_model(model: str, *, study: Path | None = None, set_: Values = None) -> int:
    """Print the layers of a model as a tree, with the shapes of their outputs and the pooling rules that fit.

    Outside a study no weights are needed or downloaded.

    Parameters
    ----------
    model
        A model of the catalogue, an .onnx file, timm:NAME, torchvision:NAME or open_clip:NAME; with --study a
        name in the study, whose layers that are read are marked.
    study
        A study file.
    """
    from seealike.cli import layers

    return layers.show(model, study, values(set_))


def main() -> None:
    """Run one command; the process ends with its exit code."""
    try:
        sys.exit(_code())
    except BrokenPipeError:  # whoever read the output has read enough
        sys.stdout = sys.stderr = None
        sys.exit(0)


def _code() -> int:
    """Run one command; errors of the user become one line and an exit code."""
    try:
        code = app(sys.argv[1:], exit_on_error=False, result_action="return_value")
    except CycloptsError:  # it has been printed
        return 2
    except SeealikeError as error:
        print(f"seealike: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        stopped = "seealike: stopped. What was finished is kept; the same command goes on from there."
        print(stopped, file=sys.stderr)  # noqa: T201
        return 130
    return code if isinstance(code, int) else 0
