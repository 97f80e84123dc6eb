"""From a PyTorch checkpoint to a model package (docs/model-package.md); run by tools/import_model."""
