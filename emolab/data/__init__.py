"""Photographs -> prepared arrays -> batches."""
