"""Lists of recommendations in a benchmark: who makes them, and how they are judged.

Everybody writes lists in the same form, a line a user, and tests/check_metrics.py judges them all.
"""

import pathlib
import statistics
import sys
import tempfile

import measure

sys.path.insert(0, str(measure.ROOT / "tests"))
import check_metrics  # noqa: E402


class Entry:
    """Somebody who makes lists: lists(out) writes them to the file `out`, and gives what the
    process told ({"fit_s", "latency_p50_s", "latency_p99_s"}) and its measure.Run."""

    def __init__(self, name, lists, is_coseno=False):
        self.name = name
        self.lists = lists
        self.is_coseno = is_coseno


def judged(entry, train, relevant_of, k):
    """{column: cell} of the entry, or nothing where a rival failed. `train`: {user: items had},
    `relevant_of`: {user: their relevant items}."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "lists.txt"
        try:
            told, run = entry.lists(out)
        except measure.Failed as failed:
            if entry.is_coseno:
                sys.exit(str(failed))
            print(f"{entry.name} failed: {failed}", file=sys.stderr)
            return None
        lists = check_metrics.read_lists(out)
    check_metrics.check_lists(train, lists, k)
    metrics = [
        check_metrics.judge(lists.get(user, []), relevant, k)
        for user, relevant in relevant_of.items()
    ]
    return {
        "": entry.name,
        f"recall@{k}": f"{statistics.mean(one['recall'] for one in metrics):.4f}",
        f"NDCG@{k}": f"{statistics.mean(one['ndcg'] for one in metrics):.4f}",
        "fit s": f"{told['fit_s']:.3f}",
        "p50 ms": f"{1e3 * told['latency_p50_s']:.3f}",
        "p99 ms": f"{1e3 * told['latency_p99_s']:.3f}",
        "peak MB": f"{run.peak_mb:.0f}",
    }
