"""What polars and pyCANON take for the table in FILE, whose cells `;` separates: one JSON object.

FILE.parquet is left beside it. Times are seconds, the best of three; pyCANON's are processor time of
one run, and null for large tables, for which it takes minutes."""

import json
import sys
import time
import warnings

import polars

warnings.filterwarnings("ignore")
QUASI_IDENTIFIERS = ["age", "education", "marital-status", "occupation", "sex", "native-country"]
SENSITIVE = ["salary-class"]
LARGE = 100_000


def best(work):
    """The least time of three, and the last result."""
    least = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        result = work()
        least = min(least, time.perf_counter() - start)
    return least, result


def pycanon_seconds(path):
    """The nine measures one after the other, as its users call them."""
    import pandas
    from pycanon import anonymity

    table = pandas.read_csv(path, sep=";")
    start = time.process_time()
    anonymity.k_anonymity(table, QUASI_IDENTIFIERS)
    for measure in [
        anonymity.alpha_k_anonymity,
        anonymity.l_diversity,
        anonymity.entropy_l_diversity,
        anonymity.recursive_c_l_diversity,
        anonymity.basic_beta_likeness,
        anonymity.enhanced_beta_likeness,
        anonymity.t_closeness,
        anonymity.delta_disclosure,
    ]:
        measure(table, QUASI_IDENTIFIERS, SENSITIVE)
    return time.process_time() - start


path = sys.argv[1]
csv, table = best(lambda: polars.read_csv(path, separator=";"))
table.write_parquet(path + ".parquet")
parquet, _ = best(lambda: polars.read_parquet(path + ".parquet"))
# What we make of each column while reading: the number of each cell among those that differ.
texts = table.select(polars.all().cast(polars.String))
encoded, _ = best(lambda: texts.select(polars.all().cast(polars.Categorical)))
counted, classes = best(lambda: table.group_by(QUASI_IDENTIFIERS).agg(polars.len()))
print(
    json.dumps(
        {
            "csv": csv,
            "csv_encoded": csv + encoded,
            "parquet": parquet,
            "parquet_encoded": parquet + encoded,
            "group_by": counted,
            "classes": len(classes),
            "pycanon": pycanon_seconds(path) if len(table) < LARGE else None,
        }
    )
)
