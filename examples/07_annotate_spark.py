"""Annotate a table on Spark: `mapInPandas` with one model for each partition that is at work.

    pip install . pyspark           # in the source folder; and Java 17 or newer
    python examples/07_annotate_spark.py --model MODEL notes.parquet OUT

Spark splits the table, runs its partitions again where a machine is lost, and commits the output when it is whole.
`hf-cner annotate` has its own manifests instead, and goes on shard by shard where a job was killed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from hf_cner.data.documents import to_row

if TYPE_CHECKING:
    import pandas as pd

ENTITIES = "array<struct<start: int, end: int, type: string, text: string, score: double>>"


def annotator(model: str) -> Callable[[Iterable[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """What `mapInPandas` runs for a partition: frames with a column `text` in, the same with `entities` and `error`."""

    def run(frames: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        import torch

        from hf_cner import Predictor

        torch.set_num_threads(1)  # Spark starts one Python worker for each core
        predictor = Predictor.from_pretrained(model)
        for frame in frames:
            good = [isinstance(text, str) for text in frame["text"]]
            found = predictor.predict(frame["text"][good])
            entities = [to_row(next(found))["entities"] if is_text else None for is_text in good]
            errors = [None if is_text else "found no string 'text'" for is_text in good]
            yield frame.assign(entities=entities, error=errors)

    return run


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="Parquet that Spark reads, with a column text")
    parser.add_argument("out", help="folder to write")
    parser.add_argument("--model", required=True, help="folder of a checkpoint, the same on every machine")
    parser.add_argument("--rows", type=int, default=2000, help="of a frame: a few hundred thousand characters")
    options = parser.parse_args(arguments)
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.appName("hf_cner").getOrCreate()
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", options.rows)
    table = spark.read.parquet(options.source)
    columns = ", ".join(f"`{field.name}` {field.dataType.simpleString()}" for field in table.schema)
    found = table.mapInPandas(annotator(options.model), f"{columns}, entities {ENTITIES}, error string")
    found.write.parquet(options.out)
    spark.stop()


if __name__ == "__main__":
    main()
