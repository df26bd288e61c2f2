"""Model sources: every card type by the name that a study file's ``source:`` uses."""

from seealike.registry import Registry
from seealike.sources.models.card import ModelCard
from seealike.sources.models.checkpoint import CheckpointCard
from seealike.sources.models.onnx import OnnxCard
from seealike.sources.models.timm import TimmCard

MODEL_SOURCES: Registry[type[ModelCard]] = Registry("model source", group="seealike.model_sources")
for _card in (OnnxCard, CheckpointCard, TimmCard):
    MODEL_SOURCES.add(_card.source_name, _card)

__all__ = ["MODEL_SOURCES", "CheckpointCard", "ModelCard", "OnnxCard", "TimmCard"]
