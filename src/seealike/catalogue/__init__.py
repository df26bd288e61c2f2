"""What is known of pretrained models and public datasets, as data: one TOML file a family or list."""

from seealike.catalogue.entry import DatasetEntry, ModelEntry, Published
from seealike.catalogue.load import DATASETS, MODELS, Catalogue

__all__ = ["DATASETS", "MODELS", "Catalogue", "DatasetEntry", "ModelEntry", "Published"]
