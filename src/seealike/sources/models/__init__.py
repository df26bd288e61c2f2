"""Model sources: every card type by the name that a study file's ``source:`` uses."""

from seealike.registry import Registry
from seealike.sources.models.card import ModelCard
from seealike.sources.models.checkpoint import CheckpointCard
from seealike.sources.models.exported import ExportedCard
from seealike.sources.models.features import FeaturesCard
from seealike.sources.models.onnx import OnnxCard
from seealike.sources.models.open_clip import OpenClipCard
from seealike.sources.models.python import PythonCard
from seealike.sources.models.timm import TimmCard
from seealike.sources.models.torchvision import TorchvisionCard
from seealike.sources.models.transformers import TransformersCard

_CARDS = (
    TimmCard,
    TorchvisionCard,
    OpenClipCard,
    TransformersCard,
    CheckpointCard,
    OnnxCard,
    ExportedCard,
    PythonCard,
    FeaturesCard,
)

MODEL_SOURCES: Registry[type[ModelCard]] = Registry("model source", group="seealike.model_sources")
for _card in _CARDS:
    MODEL_SOURCES.add(_card.source_name, _card)

__all__ = [
    "MODEL_SOURCES",
    "CheckpointCard",
    "ExportedCard",
    "FeaturesCard",
    "ModelCard",
    "OnnxCard",
    "OpenClipCard",
    "PythonCard",
    "TimmCard",
    "TorchvisionCard",
    "TransformersCard",
]
