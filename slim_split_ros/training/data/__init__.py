"""Labelled pictures, from a COCO folder to the batches that training sees."""
