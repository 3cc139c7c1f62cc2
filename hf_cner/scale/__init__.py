"""Annotation beyond one machine: a contract for one shard, and thin engines that run it over many."""

from .report import ShardReport
from .shard import annotate_shard
from .source import Shard

__all__ = ["Shard", "ShardReport", "annotate_shard"]
