"""Where models and datasets come from: one file a zoo, one file a format."""
