"""The parts of the page that follow from its contents: tabs, chapters, figures, and words where one is missing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from html import escape

from seealike.report.sections import Chapter, Section


def tabs(contents: Sequence[Chapter], sections: Sequence[Section], there: Collection[str]) -> str:
    """Links to the chapters; those without a figure are marked as empty.

    Args:
        contents: all chapters.
        sections: all figures.
        there: names of the figures that have rows.

    Example:
        >>> tabs([Chapter("causes", "Causes", "Why?")], [], [])
        '<a href="#causes" class="empty">Causes</a>'
    """
    filled = {section.chapter for section in sections if section.name in there}
    return "\n".join(
        f'<a href="#{chapter.name}"{"" if chapter.name in filled else " class=" + chr(34) + "empty" + chr(34)}>'
        f"{escape(chapter.title)}</a>"
        for chapter in contents
    )


def chapters(contents: Sequence[Chapter], sections: Sequence[Section], there: Collection[str]) -> str:
    """All chapters with their figures; a figure without rows is one sentence that says what it needs.

    Args:
        contents: all chapters.
        sections: all figures; those at home under another one are not placed.
        there: names of the figures that have rows.

    Example:
        >>> print(chapters([Chapter("causes", "Causes", "Why?")], [], []))
        <section class="chapter" id="causes" aria-labelledby="causes-title">
        <h2 id="causes-title">Why?</h2>
        </section>
    """
    return "\n".join(_chapter(chapter, sections, there) for chapter in contents)


def _chapter(chapter: Chapter, sections: Sequence[Section], there: Collection[str]) -> str:
    own = [section for section in sections if section.chapter == chapter.name and not section.home]
    figures = [_figure(section) for section in own if section.name in there]
    missing = dict.fromkeys(section.absent for section in own if section.name not in there)
    return "\n".join(
        [
            f'<section class="chapter" id="{chapter.name}" aria-labelledby="{chapter.name}-title">',
            f'<h2 id="{chapter.name}-title">{escape(chapter.question)}</h2>',
            *figures,
            *(f'<p class="absent">{escape(sentence)}</p>' for sentence in missing),
            "</section>",
        ]
    )


def _figure(section: Section) -> str:
    return f'<figure data-figure="{section.name}">\n<figcaption>{section.caption}</figcaption>\n</figure>'
