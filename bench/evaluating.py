#!/usr/bin/env python3
"""How long does an evaluation take that scores every item for every user?

A model of random factors at the size of Gowalla (29,858 users, 40,981 items, 64 dimensions): all items
scored for all users, the best 20 taken, ties counted against the model. Fitting and reading are not in
it. p50 and p99 are one user's scores and list on one thread; the evaluation scores several users at
once. There is no quality to tell: the factors are random.
"""

import sys

import measure

N_USERS, N_ITEMS, DIM = 29_858, 40_981, 64


def main():
    parser = measure.parser(__doc__)
    parser.set_defaults(threads=2)
    arguments = parser.parse_args()
    program = measure.built(arguments.build / "bench" / "evaluating_bench")
    measure.print_environment(arguments)
    size = [N_USERS, N_ITEMS, DIM]
    run = measure.run(program, *size, arguments.threads, threads=arguments.threads)
    told = run.json()
    p50, p99 = (1e3 * told[f"latency_{name}_s"] for name in ("p50", "p99"))
    columns = ["", "evaluation, s", "p50 ms", "p99 ms", "peak MB"]
    row = ["all of Gowalla", f"{told['seconds']:.1f}", f"{p50:.3f}", f"{p99:.3f}"]
    measure.print_table(columns, [[*row, f"{run.peak_mb:.0f}"]])
    measure.print_target("evaluation of all users", told["seconds"], 10, " s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
