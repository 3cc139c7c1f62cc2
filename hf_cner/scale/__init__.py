"""Annotation on many machines: a contract for one shard, and small engines that run it over many shards."""

from .report import ShardReport
from .shard import annotate_shard
from .source import Shard

__all__ = ["Shard", "ShardReport", "annotate_shard"]
