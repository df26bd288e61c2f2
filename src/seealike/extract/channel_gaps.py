"""What distances that weigh channels need: every pair's squared difference of each channel, in a file, and variances.

The weights of normalized_euclidean follow from all pairs, so that its values can be had only after the last of them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from seealike.extract.row_file import RowFile
from seealike.human.channels import ChannelMoments, mean_gaps, spread, weighted
from seealike.human.distances import channel_weights
from seealike.human.pair_order import PairOrder

#: The distances that weigh channels.
WEIGHTED = ("normalized_euclidean", "zscored_euclidean")


class ChannelGaps:
    """The channels of one layer.

    Args:
        order: of the images, and their pairs.
        n_channels: C.
        variances: whether zscored_euclidean will be asked for.
        path: of the file.
    """

    def __init__(self, order: PairOrder, n_channels: int, variances: bool, path: Path) -> None:
        self._order = order
        self._rows = RowFile(path, (n_channels,))
        self._met: list[int] = []
        self._members = {name: order.members(name) for name in order.places} if variances else {}
        self._moments: dict[str, ChannelMoments] = {}

    def see(self, position: int, values: torch.Tensor) -> None:
        """Take in the tokens (T, C) of the image at a position."""
        sets = [name for name, members in self._members.items() if members[position]]
        if not sets:
            return
        if not self._moments:
            origin = values[len(values) // 2].clone()
            self._moments = {name: ChannelMoments(origin) for name in self._members}
        described = spread(values, self._moments[sets[0]].origin)
        for name in sets:
            self._moments[name].add(*described)

    def meet(self, pair: int, channels: np.ndarray) -> None:
        """Take in a pair's mean squared difference of each channel (C,)."""
        self._rows.append(channels[None])
        self._met.append(pair)

    def distances(self, name: str, which: str) -> np.ndarray:
        """(P,) of all pairs, under the weights that follow from one set of them.

        Raises:
            UndefinedMeasure: no channel differs.
        """
        met = np.array(self._met)
        if name == "zscored_euclidean":
            spreads = self._moments[which].variances()
        else:
            times = np.bincount(self._order.places[which].ravel(), minlength=len(met))[met]
            spreads = mean_gaps(self._rows.blocks(), times[None])[0]
        made = np.empty(len(met))
        made[met] = weighted(self._rows.blocks(), [channel_weights(spreads)])[:, 0]
        return made
