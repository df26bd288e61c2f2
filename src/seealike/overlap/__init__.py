"""Why models see alike: splits with a stated overlap, and what of similarity overlap explains."""

from seealike.overlap.attributes import AttributeTask, attribute_tasks
from seealike.overlap.attribution import Attribution, attribute
from seealike.overlap.splits import Kind, Split, factorial_split, split
from seealike.overlap.text import TextSplit, split_chunks, split_corpora

__all__ = [
    "AttributeTask",
    "Attribution",
    "Kind",
    "Split",
    "TextSplit",
    "attribute",
    "attribute_tasks",
    "factorial_split",
    "split",
    "split_chunks",
    "split_corpora",
]
