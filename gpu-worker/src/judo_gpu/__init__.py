"""Trainers, rewards and inference of judo-pipeline: one job file in, JSON lines out. Knows no Temporal and no S3."""
