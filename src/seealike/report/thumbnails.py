"""Small pictures of judged samples, for a page that shows them: as data URIs, within a number of bytes."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping

import polars as pl
from PIL import Image

from seealike.data.tables import JUDGED, THUMBNAILS, checked
from seealike.sources.datasets.samples import Samples

#: Base64 characters of all pictures together: a page with them stays well under five megabytes.
BUDGET = 1_000_000
_SIDE, _QUALITY = 112, 55


def thumbnails(judged: pl.DataFrame, pictures: Mapping[str, Samples], budget: int = BUDGET) -> pl.DataFrame:
    """A small picture of each judged sample, judgement after judgement of all sets in turn, until the room is used up.

    Args:
        judged: with the columns of `tables.JUDGED`.
        pictures: set of judgements -> its samples; those without images have no pictures.
        budget: characters of all pictures together.

    Returns:
        A table with the columns of `tables.THUMBNAILS`; all pictures of a judgement or none.

    Example:
        >>> import polars as pl
        >>> from PIL import Image
        >>> from seealike.sources.datasets.samples import Samples
        >>> row = {"human": "pairs", "trial": "1", "first": "a", "second": "b", "model": "m", "layer": "l"}
        >>> samples = Samples(("a", "b"), lambda row: Image.new("RGB", (200, 100)), None, (), "r")
        >>> made = thumbnails(pl.DataFrame([row], schema=JUDGED), {"pairs": samples})
        >>> made["sample"].to_list(), made["image"][0][:23]
        (['a', 'b'], 'data:image/webp;base64,')
    """
    rows: list[dict[str, str]] = []
    shown: set[tuple[str, str]] = set()
    places = {human: {id_: i for i, id_ in enumerate(own.sample_ids)} for human, own in pictures.items()}
    for human, members in _in_turn(checked(judged, JUDGED, "judged")):
        image = pictures[human].image if human in pictures else None
        if image is None:
            continue
        wanted = [name for name in members if name in places[human] and (human, name) not in shown]
        made = [_encoded(image(places[human][name])) for name in wanted]
        budget -= sum(map(len, made))
        if budget < 0:
            break
        shown |= {(human, name) for name in wanted}
        rows += [
            {"human": human, "sample": name, "image": uri} for name, uri in zip(wanted, made, strict=True)
        ]
    return pl.DataFrame(rows, schema=THUMBNAILS)


def _in_turn(judged: pl.DataFrame) -> Iterator[tuple[str, list[str]]]:
    """The samples of each judgement: the first of every set, then the second of every set, and so on."""
    each = judged.unique(["human", "trial"], keep="first", maintain_order=True)
    order = pl.int_range(pl.len()).over("human")
    for row in each.with_columns(order=order).sort("order", maintain_order=True).rows(named=True):
        yield row["human"], [row[name] for name in ("first", "second", "third") if row[name] is not None]


def _encoded(image: Image.Image) -> str:
    """The image within a square, as WebP."""
    small = image.convert("RGB")
    small.thumbnail((_SIDE, _SIDE))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=_QUALITY, method=6)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
