"""polars (PyPI) as a rival: polars_reading.py FILE."""

import sys

import polars
from reading_file import answer

TYPES = {
    "userId": polars.Int32,
    "movieId": polars.Int32,
    "rating": polars.Float32,
    "timestamp": polars.Int64,
}

answer(lambda: len(polars.read_csv(sys.argv[1], schema=TYPES)))
