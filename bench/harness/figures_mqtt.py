"""P1 to P4: what the servers cost beside each other."""

import time

from harness.bench import Row
from harness.load import Program
from harness.report import median, shown
from harness.servers import find


def cpu_us(done, count):
    return done["server_cpu_ns"] / 1000 / max(done[count], 1)


def describe(row, runs, count, what="ack"):
    """Batch size and latencies beside the cost, so that no ratio is bought with waiting; and what the whole machine did."""
    batches = [run["events_per_commit"] for run in runs if "events_per_commit" in run]
    if batches:
        row.notes.append(f"events a commit {median(batches):.1f}")
    latencies, machine = [], []
    for server in row.samples:
        mine = [run for run in runs if run["server"] == server]
        p50, p99 = (median([run[f"{what}_{part}_us"] for run in mine]) for part in ("p50", "p99"))
        latencies.append(f"{server} {shown(p50)}/{shown(p99)}")
        # All cores' busy time but the load's: what the kernel's threads took, and whatever else ran.
        rest = [(sum(run["busy_ns"]) - run["load_cpu_ns"]) / 1000 / max(run[count], 1) for run in mine]
        machine.append(f"{server} {shown(median(rest))}")
    row.notes.append(f"{what} p50/p99, us: {', '.join(latencies)}")
    row.notes.append(f"the whole machine but the load, us: {', '.join(machine)}")


def closed_loop(bench, figure, what, goal, servers, window, *options):
    row = Row(figure, what, "us", goal)
    begun = len(bench.runs)
    for _, server in bench.rounds(servers):
        done = bench.load(figure, server, "messages", "--window", window, "--warm", bench.sizes.warm, "--seconds",
                          bench.sizes.seconds, *options, devices=bench.sizes.devices)
        row.add(server.name, cpu_us(done, "messages"))
    describe(row, bench.runs[begun:], "messages")
    bench.rows.append(row)
    return bench.runs[begun:]


def p1(bench):
    with bench.all_servers(("device", bench.sizes.devices)) as servers:
        runs = closed_loop(bench, "P1", "CPU a message, 16 in flight", ("ratio", 0.25), servers, 16)
        p99 = Row("P1", "ack p99 of the same run", "us", ("ratio", 1.0))
        for run in runs:
            p99.add(run["server"], run["ack_p99_us"])
        bench.rows.append(p99)
        if bench.sizes.sliding:
            closed_loop(bench, "P1", "the same, each ack answered by one message", (), servers, 16, "--refill", 15)


def p2(bench):
    with bench.all_servers(("device", bench.sizes.devices)) as servers:
        closed_loop(bench, "P2", "CPU a message, 1 in flight", ("ratio", 1.1), servers, 1)
        for rate in bench.sizes.rates:
            row = Row("P2", f"ack p99, open loop, {rate} messages/s", "us", ("max", 5000))
            begun = len(bench.runs)
            for _, server in bench.rounds(servers):
                done = bench.load("P2", server, "open", "--rate", rate, "--warm", bench.sizes.warm, "--seconds",
                                  bench.sizes.seconds, devices=bench.sizes.devices)
                row.add(server.name, done["ack_p99_us"])
            describe(row, bench.runs[begun:], "messages")
            costs = {server.name: median([cpu_us(run, "messages") for run in bench.runs[begun:] if run["server"] == server.name])
                     for server in servers}
            row.notes.append(f"CPU a message, us: {', '.join(f'{name} {shown(cost)}' for name, cost in costs.items())}")
            bench.rows.append(row)


CHAINS = {"again": (), "fresh": ("--fresh",), "resumed": ("--resume",)}
CONNECT_GOALS = {("1.3", "again"): ("ratio", 0.6), ("1.3", "fresh"): ("ratio", 0.75), ("1.3", "resumed"): ("ratio", 0.2),
                 ("1.2", "again"): ("ratio", 0.6), ("1.2", "fresh"): ("ratio", 0.75), ("1.2", "resumed"): ("ratio", 0.1)}


def one_churn(bench, server, tls, chains, repeat):
    """CPU a connect and the run itself."""
    if chains == "fresh":
        device_set, devices = f"fresh{tls.replace('.', '')}r{repeat}", bench.sizes.fresh
        seconds = 600  # It ends when each has connected once.
    else:
        device_set, devices, seconds = "device", bench.sizes.devices, bench.sizes.churn
    done = bench.load("P3b" if chains == "resumed" else "P3", server, "connect", "--tls", tls, "--seconds", seconds,
                      *CHAINS[chains], devices=devices, device_set=device_set)
    return cpu_us(done, "connects"), done


def p3(bench):
    """And P3b, whose measure is mosquitto's full connect in the same run."""
    fresh = [(f"fresh{tls}r{repeat}", bench.sizes.fresh) for tls in ("13", "12") for repeat in range(bench.sizes.repeats)]
    with bench.all_servers(("device", bench.sizes.devices), *fresh) as servers:
        for tls in ("1.3", "1.2"):
            costs, runs = {}, {}
            for repeat, server in bench.rounds(servers):
                for chains in CHAINS:
                    cost, run = one_churn(bench, server, tls, chains, repeat)
                    costs.setdefault(chains, {}).setdefault(server.name, []).append(cost)
                    runs.setdefault(chains, []).append({**run, "server": server.name})
            for chains, what in (("again", "chain judged before"), ("fresh", "new chain"), ("resumed", "resumed")):
                bench.rows.append(connect_row(tls, chains, what, costs, runs[chains]))


def connect_row(tls, chains, what, costs, runs):
    row = Row("P3b" if chains == "resumed" else "P3", f"CPU a connect, TLS {tls}, {what}", "us", CONNECT_GOALS[tls, chains])
    row.samples = {name: list(values) for name, values in costs[chains].items()}
    if chains == "resumed":
        for name, values in costs[chains].items():
            mine = [run for run in runs if run["server"] == name]
            part = sum(run["resumed"] for run in mine) / max(sum(run["connects"] for run in mine), 1)
            row.notes.append(f"{name} resumed {100 * part:.0f} %, at {median(values):.0f} us a connect")
            if name != "muster":
                row.samples[name] = list(costs["again"][name])
        row.notes.append("the peers' column is their full connect")
    describe(row, runs, "connects", "connect")
    return row


def p4(bench):
    """Each time a fresh process, since what a heap has once taken it keeps."""
    count = bench.idle_devices()
    row = Row("P4", f"resident memory per idle device, {count} devices", "KiB", ("ratio", 0.8))
    private = Row("P4", "of it private", "KiB")
    if count < bench.sizes.idle:
        row.notes.append(f"the limit of open files allows {count} devices, not {bench.sizes.idle}")
    muster = bench.start_muster().make_services()
    muster.make_devices(bench.device_set("device", max(count, bench.sizes.devices)), count)
    muster.stop()
    for _ in range(bench.sizes.processes):
        for start in (muster.again, bench.start_mosquitto, *([bench.start_flashmq] if find("flashmq") else [])):
            with start() as server:
                grown = idle_growth(bench, server, count)
                row.add(server.name, grown["resident"] / 1024 / count)
                private.add(server.name, grown["private"] / 1024 / count)
    bench.rows += [row, private]


def idle_growth(bench, server, count):
    settle_s = min(2, bench.sizes.warm)
    before = server.memory()
    program = Program([bench.programs / "muster_load", "idle", bench.certs, "--devices", count, "--address", server.address,
                       "--sources", 4, "--seconds", 600], bench.load_core)
    try:
        program.until("ready")
        time.sleep(settle_s)
        after = server.memory()
        program.end()
    finally:
        program.close()
    server.check_alive()
    bench.record("P4", server.name, {"before": before, "after": after}, devices=count)
    return {kind: after[kind] - before[kind] for kind in before}
