"""Dataset sources: every card type by the name that a study file's ``source:`` uses."""

from seealike.registry import Registry
from seealike.sources.datasets.arrays import ArraysCard
from seealike.sources.datasets.card import DatasetCard
from seealike.sources.datasets.image_folder import ImageFolderCard
from seealike.sources.datasets.manifest import ManifestCard

DATASET_SOURCES: Registry[type[DatasetCard]] = Registry("dataset source", group="seealike.dataset_sources")
for _card in (ImageFolderCard, ArraysCard, ManifestCard):
    DATASET_SOURCES.add(_card.source_name, _card)

__all__ = ["DATASET_SOURCES", "ArraysCard", "DatasetCard", "ImageFolderCard", "ManifestCard"]
