"""Letters: set from the stored assessment, one template for each reader."""
