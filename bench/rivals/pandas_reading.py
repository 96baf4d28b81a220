"""pandas (PyPI) as a rival: pandas_reading.py ENGINE FILE, where ENGINE is c or pyarrow."""

import sys

import pandas
from reading_file import answer

TYPES = {"userId": "int32", "movieId": "int32", "rating": "float32", "timestamp": "int64"}

answer(lambda: len(pandas.read_csv(sys.argv[2], engine=sys.argv[1], dtype=TYPES)))
