#!/usr/bin/env python3
"""What does the live engine do in a second, how soon is an event in effect, and what does it keep?

  observe   single events from 2 threads, and batches of 1,000 that wait for the disk
  serve     Gowalla (40,981 places, `ials` of 128 numbers and live counts): lists with a filter and
            diversity, 2,000 a second, while 5,000 events a second come in. `visible` is from sending an event to
            holding a list that reflects it, of each hundredth event; `stale` counts lists of 100 that
            hold what was just had
            Again with 1,000,000 made-up items: searched exactly, and by a graph
  open      10,000,000 made-up events: after a clean stop, and after kill -9; bytes a user, a kept event
            and an item, and what the process has grown by

There is no rival here that acknowledges an event when it is in effect; quality is in acts.py, and what
freshness is worth in `coseno replay`.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import measure

SHARED = measure.ROOT.parent / "shared" / "data"


def call(program, *arguments, threads=2):
    return measure.run(program, *arguments, threads=threads).json()


def print_observe(program, folder):
    rows = []
    for name, threads, n, batch, durability, target in (
        ("single, 2 threads", 2, 400_000, 1, "interval", 100_000),
        ("batches of 1,000", 1, 1_000_000, 1000, "always", 50_000),
    ):
        data = folder / f"observe-{durability}"
        told = call(program, "observe", data, threads, n, batch, durability)
        rows.append((name, durability, told["events_a_second"], target))
        shutil.rmtree(data)
    columns = ["observe", "durability", "events a second"]
    measure.print_table(columns, [[name, kind, f"{rate:,.0f}"] for name, kind, rate, _ in rows])
    for name, kind, rate, target in rows:
        measure.print_target(f"{name}, {kind}", rate, target, " events a second", at_least=True)
    print(flush=True)


def print_serve(program, data, title, limit_ms, rate=None, how=()):
    told = call(program, "serve", data, 10, 5000, rate or 2000, 2, *how)
    columns = [title, "requests a second", "p50 ms", "p99 ms", "observe p99 ms", "visible p99 ms"]
    names = ("request_p50_s", "request_p99_s", "observe_p99_s", "visible_p99_s")
    cells = [f"{1e3 * told[name]:.3f}" for name in names]
    row = ["", f"{told['requests_a_second']:,.0f}", *cells, f"{told['n_stale']} of {told['n_checked']}"]
    measure.print_table([*columns, "stale"], [row])
    measure.print_target("a request, 99th percentile", 1e3 * told["request_p99_s"], limit_ms, " ms")
    if rate:
        # A little is lost at the start and the end.
        measured = told["requests_a_second"]
        measure.print_target("requests a second", measured, 0.99 * rate, at_least=True)
        visible = 1e3 * told["visible_p99_s"]
        measure.print_target("event to answer in hand, 99th percentile", visible, 1, " ms")
    measure.print_target("stale answers", told["n_stale"], 0)
    print(flush=True)


def print_gowalla(program, folder):
    train = SHARED / "gowalla" / "train.txt"
    if not train.is_file():
        print(f"skipped serve: train.txt is not in {train.parent}\n")
        return
    data = folder / "gowalla"
    call(program, "fill", data, train)
    call(program, "train", data, "ials", "dim=128")
    print_serve(program, data, "Gowalla, ials 128", 4, rate=2000)
    shutil.rmtree(data)


def print_million(program, folder):
    data = folder / "million"
    call(program, "make", data, 1_000_000, 200_000, 5_000_000, "properties")
    trained = call(program, "train", data, "ials", "dim=128", "rounds=3")
    print(f"1,000,000 items: trained in {trained['seconds']:.0f} s, the graph included\n")
    print_serve(program, data, "1,000,000 items, exact", 25, how=["exact"])
    print_serve(program, data, "1,000,000 items, graph", 4)
    print_serve(program, data, "1,000,000 items, graph", 4, rate=500)
    told = call(program, "recall", data, 1000)
    measure.print_target("recall of lists by the graph", told["recall"], 0.95, at_least=True)
    told = call(program, "open", data)
    an_item = (told["items_bytes"] + told["model_bytes"]) / told["n_items"]
    measure.print_target("bytes an item, two properties included", an_item, 1200)
    print(flush=True)
    shutil.rmtree(data)


def killed(program, data):
    """Opens, writes for some seconds, and is killed."""
    process = subprocess.Popen(
        [program, "observe", data, "1", "100000000", "1000", "interval"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(6)
    process.kill()
    process.wait()


def print_open(program, folder):
    data = folder / "made"
    call(program, "make", data, 100_000, 1_000_000, 10_000_000)
    clean = call(program, "open", data)
    killed(program, data)
    after_kill = call(program, "open", data)
    a_user = (clean["users_bytes"] - 16 * clean["n_kept_events"]) / clean["n_users"]
    an_item = clean["items_bytes"] / clean["n_items"]
    columns = ["10,000,000 events", "open, s", "bytes a user", "bytes an item", "grown MB", "told MB"]
    told = clean["users_bytes"] + clean["items_bytes"] + clean["model_bytes"]
    row = [f"{clean['seconds']:.2f}", f"{a_user:.0f}", f"{an_item:.0f}"]
    sizes = [f"{clean['grown_bytes'] / 1e6:.0f}", f"{told / 1e6:.0f}"]
    rows = [["after a clean stop", *row, *sizes]]
    rows.append(["after kill -9", f"{after_kill['seconds']:.2f}", "", "", "", ""])
    measure.print_table(columns, rows)
    measure.print_target("open after a clean stop", clean["seconds"], 2, " s")
    measure.print_target("open after kill -9", after_kill["seconds"], 10, " s")
    measure.print_target("bytes a user, beside 16 a kept event", a_user, 160)
    shutil.rmtree(data)


def main():
    parser = measure.parser(__doc__)
    parser.set_defaults(threads=2)
    arguments = parser.parse_args()
    program = measure.built(arguments.build / "bench" / "live_bench")
    measure.print_environment(arguments)
    with tempfile.TemporaryDirectory(prefix="coseno-live-") as name:
        folder = pathlib.Path(name)
        print_observe(program, folder)
        print_gowalla(program, folder)
        print_million(program, folder)
        print_open(program, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
