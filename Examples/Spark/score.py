"""Scores the answers to grade-school maths questions on Spark, and compares with one process.

    sh Examples/Spark/standalone.sh Examples/Spark/score.py
"""

import os
import pathlib

import assay
import assay.spark
from pyspark.sql import SparkSession

ROWS = pathlib.Path(__file__).resolve().parents[1] / "gsm8k" / "model_solutions.jsonl"
FUNCTIONS = {"basic::subset_of": None, "text::bleu": {"aggregation_functions": ["average", "corpus_bleu"]}}

session = SparkSession.builder.master(os.environ.get("ASSAY_SPARK_MASTER", "local[2]")).getOrCreate()
session.sparkContext.setLogLevel("ERROR")
df = session.read.json(str(ROWS)).repartition(8)
scored = assay.spark.score(df, FUNCTIONS, by="model", keep=["model"]).cache()
print(scored.result())
scored.rows.groupBy("model").avg("`basic::subset_of.score`").show()
assert scored.result().results == assay.score(ROWS, FUNCTIONS, by="model").results
session.stop()
