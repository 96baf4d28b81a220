"""What the rivals that read ratings have in common: seconds, and by how much peak memory grew."""

import json
import time


def peak_bytes():
    with open("/proc/self/status", encoding="utf-8") as file:
        return 1024 * next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))


def answer(read):
    """Times read(), which gives the number of ratings."""
    before = peak_bytes()
    start = time.perf_counter()
    n_ratings = read()
    seconds = time.perf_counter() - start
    print(json.dumps({"n_ratings": n_ratings, "seconds": seconds, "bytes": peak_bytes() - before}))
