#!/usr/bin/env python3
"""How many answers and events a second does the server give, how soon, and beside how many others?

  lists    GET of 10 items, MovieLens 100K (`ials`), 16 connections of wrk
  events   POST of single events, and of batches of 100, 16 connections
  fresh    an event posted, then the list asked for, over one connection, while 1,000 events a second come
           in on another. `stale` counts lists that hold what was just had
  memory   of the idle server: its process, RocksDB and all
  against  with --against PROGRAM: lists of that program, an earlier build say, and of this one, in turn
  beside   the time of a request while 10,000 idle connections are open, 1,000 that send a byte a second, and
           1,000 that listen to the stream of a list

Server and load share the cores. The figures of Gorse 0.5.11 on such a machine are those of its issue: it
is not run here, since it wants Go and a database of its own.
"""

import asyncio
import contextlib
import http.client
import json
import pathlib
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import measure

SECONDS = 6
ROUNDS = 3
CONNECTIONS = 16
N_USERS = 943
N_ITEMS = 1682

LISTS = """
math.randomseed(7)
request = function()
  return wrk.format("GET", "/v1/users/" .. math.random(1, %d) .. "/recommendations?k=10")
end
""" % N_USERS

EVENTS = """
math.randomseed(os.time())
local headers = {["Content-Type"] = "application/json"}
local batch = %d
local function event()
  return '{"user":"' .. math.random(1, %d) .. '","item":"' .. math.random(1, %d) .. '"}'
end
request = function()
  if batch == 1 then return wrk.format("POST", "/v1/events", headers, event()) end
  local events = {}
  for n = 1, batch do events[n] = event() end
  return wrk.format("POST", "/v1/events", headers, "[" .. table.concat(events, ",") .. "]")
end
"""


class Server:
    """`coseno serve` of a data folder; a context."""

    def __init__(self, program, data, *options):
        self.command = [program, "serve", data, "--listen", "127.0.0.1:0", *options]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if found := re.search(r"address=127\.0\.0\.1:(\d+)", line):
                self.port = int(found.group(1))
                break
        else:
            raise measure.Failed("the server did not start")
        # What it says later is read by nobody, and must not fill the pipe.
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def resident_mb(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024


def wrk(server, script, folder, connections=CONNECTIONS):
    """(requests a second, p50 s, p99 s, failures)"""
    path = folder / "load.lua"
    path.write_text(
        script
        + """
done = function(summary, latency, requests)
  local errors = summary.errors
  print("JSON " .. string.format('{"rate": %f, "p50": %f, "p99": %f, "failures": %d}',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1e6, latency:percentile(99) / 1e6,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
"""
    )
    command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", path, f"http://127.0.0.1:{server.port}"]
    told = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout
    return json.loads(re.search(r"^JSON (.*)$", told, re.MULTILINE).group(1))


def print_load(server, folder):
    lists = wrk(server, LISTS, folder)
    single = wrk(server, EVENTS % (1, N_USERS, N_ITEMS), folder)
    batches = wrk(server, EVENTS % (100, N_USERS, N_ITEMS), folder)
    rows = [
        ["lists of 10", f"{lists['rate']:,.0f}", lists],
        ["events, one a request", f"{single['rate']:,.0f}", single],
        ["events, 100 a request", f"{100 * batches['rate']:,.0f}", batches],
    ]
    columns = [f"{CONNECTIONS} connections", "a second", "p50 ms", "p99 ms", "failures"]
    cells = [
        [name, rate, f"{1e3 * told['p50']:.2f}", f"{1e3 * told['p99']:.2f}", told["failures"]]
        for name, rate, told in rows
    ]
    measure.print_table(columns, cells)
    measure.print_target("lists", lists["rate"], 15_000, " a second", at_least=True)
    measure.print_target("lists, 99th percentile", 1e3 * lists["p99"], 5, " ms")
    measure.print_target("single events", single["rate"], 20_000, " a second", at_least=True)
    measure.print_target("events in batches of 100", 100 * batches["rate"], 100_000, " a second", at_least=True)
    measure.print_target("lists, next to Gorse's 623", lists["rate"] / 623, 20, " times", at_least=True)
    measure.print_target("p99 of lists, next to Gorse's 162 ms", lists["p99"] / 0.162, 0.1, " times")
    measure.print_target("single events, next to Gorse's 1,161", single["rate"] / 1161, 15, " times", at_least=True)
    measure.print_target("p99 of events, next to Gorse's 746 ms", single["p99"] / 0.746, 0.1, " times")
    measure.print_target(
        "batched events, next to Gorse's 17,200", 100 * batches["rate"] / 17_200, 5, " times", at_least=True
    )
    print(flush=True)


def print_against(programs, data, folder):
    """Lists a second of each of the two programs, in turn, so that both meet the same machine."""
    rounds = [[] for _ in programs]
    for _ in range(ROUNDS):
        for told, program in zip(rounds, programs):
            with Server(program, data) as server:
                told.append(wrk(server, LISTS, folder))
    rates = [statistics.median(one["rate"] for one in told) for told in rounds]
    cells = [
        [name, f"{rate:,.0f}", f"{1e3 * statistics.median(one['p99'] for one in told):.2f}"]
        for name, rate, told in zip(("the other", "this one"), rates, rounds)
    ]
    measure.print_table([f"lists, median of {ROUNDS}", "a second", "p99 ms"], cells)
    print(f"this one to the other: {rates[1] / rates[0]:.2f} times\n", flush=True)


class Caller:
    """One connection that is kept."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port)
        self.connection.connect()

    def call(self, method, target, body=None):
        text = None if body is None else json.dumps(body)
        self.connection.request(method, target, text, {"Content-Type": "application/json"} if text else {})
        reply = self.connection.getresponse()
        answer = reply.read()
        if reply.status >= 300:
            raise measure.Failed(f"{method} {target}: {reply.status} {answer!r}")
        return json.loads(answer)


def print_fresh(server):
    is_over = threading.Event()

    def load():
        caller = Caller(server)
        chance = random.Random(1)
        first = time.perf_counter()
        n_sent = 0
        while not is_over.is_set():
            n_due = int((time.perf_counter() - first) * 1000)
            if n_sent >= n_due:
                time.sleep(0.001)
                continue
            events = [
                {"user": f"load{chance.randrange(1000)}", "item": str(chance.randint(1, N_ITEMS))}
                for _ in range(min(100, n_due - n_sent))
            ]
            caller.call("POST", "/v1/events", events)
            n_sent += len(events)

    thread = threading.Thread(target=load)
    thread.start()
    caller = Caller(server)
    taken = []
    n_stale = 0
    for n in range(1500):
        user = f"fresh{n % 50}"
        target = f"/v1/users/{user}/recommendations?k=10"
        item = caller.call("GET", target)["items"][0]["item"]
        start = time.perf_counter()
        caller.call("POST", "/v1/events", {"user": user, "item": item})
        answer = caller.call("GET", target)
        taken.append(time.perf_counter() - start)
        n_stale += any(one["item"] == item for one in answer["items"])
    is_over.set()
    thread.join()
    p99 = 1e3 * statistics.quantiles(taken, n=100)[98]
    columns = ["event posted, list in hand", "p50 ms", "p99 ms", "stale"]
    measure.print_table(columns, [["", f"{1e3 * statistics.median(taken):.2f}", f"{p99:.2f}", f"{n_stale} of 1500"]])
    measure.print_target("event to list, 99th percentile", p99, 10, " ms")
    measure.print_target("stale lists", n_stale, 0)
    print(flush=True)


async def opened(server, n, first_bytes):
    """n connections that have sent something."""
    result = []
    for begin in range(0, n, 200):
        batch = await asyncio.gather(
            *(asyncio.open_connection("127.0.0.1", server.port) for _ in range(begin, min(n, begin + 200)))
        )
        for reader, writer in batch:
            writer.write(first_bytes)
            result.append((reader, writer))
    return result


@contextlib.contextmanager
def beside(server, n, first_bytes, a_second=None):
    """n connections, kept by another thread, that send first_bytes and then perhaps a byte a second."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()

    def on_loop(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result()

    connections = on_loop(opened(server, n, first_bytes))

    async def trickle():
        while True:
            for _, writer in connections:
                if not writer.is_closing():
                    writer.write(a_second)
            await asyncio.sleep(1)

    async def discard(reader):
        while await reader.read(1 << 16):
            pass

    for reader, _ in connections:
        loop.call_soon_threadsafe(loop.create_task, discard(reader))
    if a_second is not None:
        loop.call_soon_threadsafe(loop.create_task, trickle())
    time.sleep(1)
    try:
        yield
    finally:

        async def close():
            for task in asyncio.all_tasks():
                if task is not asyncio.current_task():
                    task.cancel()
            for _, writer in connections:
                writer.transport.abort()

        on_loop(close())
        loop.call_soon_threadsafe(loop.stop)


def request_times(server):
    caller = Caller(server)
    chance = random.Random(5)
    taken = []
    for _ in range(2000):
        user = chance.randint(1, N_USERS)
        start = time.perf_counter()
        caller.call("GET", f"/v1/users/{user}/recommendations?k=10")
        taken.append(1e3 * (time.perf_counter() - start))
        time.sleep(0.0005)
    return statistics.median(taken), statistics.quantiles(taken, n=100)[98]


def print_beside(server):
    idle = b"GET /v1/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
    slow = b"GET /v1/health/live HTTP/1.1\r\n"
    stream = b"GET /v1/users/1/recommendations/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"
    usual = request_times(server)
    rows = [["nobody", *usual]]
    with beside(server, 10_000, idle):
        rows.append(["10,000 idle connections", *request_times(server)])
    with beside(server, 1000, slow, a_second=b"a"):
        rows.append(["1,000 slow ones", *request_times(server)])
    with beside(server, 1000, stream):
        rows.append(["1,000 listeners", *request_times(server)])
    columns = ["a request beside", "p50 ms", "p99 ms"]
    measure.print_table(columns, [[name, f"{p50:.2f}", f"{p99:.2f}"] for name, p50, p99 in rows])
    for name, p50, _ in rows[1:]:
        measure.print_target(f"median beside {name}, to the usual", p50 / usual[0], 2, " times")
    print(flush=True)


def main():
    parser = measure.parser(__doc__)
    parser.set_defaults(threads=2)
    parser.add_argument("--against", type=pathlib.Path, help="another build of the program to compare lists with")
    arguments = parser.parse_args()
    program = measure.built(arguments.build / "coseno")
    folder_of_data = measure.movielens_100k()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    measure.print_environment(arguments)
    with tempfile.TemporaryDirectory(prefix="coseno-server-") as name:
        folder = pathlib.Path(name)
        data = folder / "data"
        measure.call(program, "import", data, folder_of_data / "u.data", "--items", folder_of_data / "u.item")
        measure.call(program, "train", data, "--model", "ials")
        if arguments.against:
            print_against([measure.built(arguments.against), program], data, folder)
        with Server(program, data) as server:
            Caller(server).call("GET", "/v1/users/1/recommendations?k=10")
            memory = server.resident_mb()
            measure.print_target("idle memory, next to Gorse's 150 MB", memory, 80, " MB")
            print()
            print_load(server, folder)
            print_fresh(server)
            print_beside(server)
    return 0


if __name__ == "__main__":
    sys.exit(main())
