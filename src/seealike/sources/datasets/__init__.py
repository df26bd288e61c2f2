"""Dataset sources: every card type by the name that a study file's ``source:`` uses."""

from seealike.registry import Registry
from seealike.sources.datasets.arrays import ArraysCard
from seealike.sources.datasets.captions import CaptionsCard
from seealike.sources.datasets.card import DatasetCard
from seealike.sources.datasets.cifar import CifarCard
from seealike.sources.datasets.color_shape_digit import ColorShapeDigitCard
from seealike.sources.datasets.corpora import CorporaCard
from seealike.sources.datasets.digits import DigitsCard
from seealike.sources.datasets.features import FeaturesDatasetCard
from seealike.sources.datasets.huggingface import HuggingFaceCard
from seealike.sources.datasets.image_folder import ImageFolderCard
from seealike.sources.datasets.imagenet_tar import ImageNetTarCard
from seealike.sources.datasets.manifest import ManifestCard
from seealike.sources.datasets.text import TextCard
from seealike.sources.datasets.torchvision import TorchvisionDatasetCard
from seealike.sources.datasets.webdataset import WebDatasetCard

DATASET_SOURCES: Registry[type[DatasetCard]] = Registry("dataset source", group="seealike.dataset_sources")
for _card in (
    ImageFolderCard,
    WebDatasetCard,
    ImageNetTarCard,
    HuggingFaceCard,
    TorchvisionDatasetCard,
    ManifestCard,
    ArraysCard,
    CifarCard,
    DigitsCard,
    ColorShapeDigitCard,
    CorporaCard,
    TextCard,
    CaptionsCard,
    FeaturesDatasetCard,
):
    DATASET_SOURCES.add(_card.source_name, _card)

__all__ = [
    "DATASET_SOURCES",
    "ArraysCard",
    "CaptionsCard",
    "CifarCard",
    "ColorShapeDigitCard",
    "CorporaCard",
    "DatasetCard",
    "DigitsCard",
    "FeaturesDatasetCard",
    "HuggingFaceCard",
    "ImageFolderCard",
    "ImageNetTarCard",
    "ManifestCard",
    "TextCard",
    "TorchvisionDatasetCard",
    "WebDatasetCard",
]
