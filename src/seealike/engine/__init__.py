"""The all-pairs engine: streams the tiles of all models' Gram matrices once and folds all measures."""
