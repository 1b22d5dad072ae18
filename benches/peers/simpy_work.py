"""The two workloads on SimPy, as `src/workload.rs` and `src/model.rs` describe them.

Time is float seconds. Prints whole numbers: the outcome, then how long it took in nanoseconds.
"""

import sys
import time
from array import array

import simpy


def read_table(path, typecode):
    table = array(typecode)
    with open(path, "rb") as file:
        table.frombytes(file.read())
    return table


def phold(table_path, pending, warm_until_ns, until_ns):
    increments = [ns / 1e9 for ns in read_table(table_path, "Q")]
    env = simpy.Environment()
    drawn = 0

    def draw():
        nonlocal drawn
        increment = increments[drawn % len(increments)]
        drawn += 1
        return increment

    def holder():
        while True:
            yield env.timeout(draw())

    for _ in range(pending):
        env.process(holder())
    env.run(until=warm_until_ns / 1e9)
    before = drawn
    start_ns = time.process_time_ns()
    env.run(until=until_ns / 1e9)
    took_ns = time.process_time_ns() - start_ns
    print(drawn - before, took_ns)


def broadcast(table_path, messages, every_ns, receivers, jobs_at_once, requests_at_once, request_ns, time_out_ns,
              lifetime_ns, sample_every_ns, sample_offset_ns, samples):
    latencies_us = read_table(table_path, "I")
    start_ns = time.process_time_ns()
    env = simpy.Environment()
    jobs = simpy.Resource(env, capacity=jobs_at_once)
    periods = -(-messages * every_ns // sample_every_ns) + 1
    counts = [0] * receivers
    by_period = [[0] * periods for _ in range(receivers)]
    deliveries = 0
    sum_of_counts = 0
    sum_of_squares = 0

    def arrive(event):
        nonlocal deliveries
        message, receiver = event.value
        deliveries += 1
        created_ns = message * every_ns
        if env.now < (created_ns + lifetime_ns) / 1e9:
            counts[receiver] += 1
            by_period[receiver][-(-created_ns // sample_every_ns)] += 1

    def requests(message, queue):
        """One of the places in a job: one request after the other."""
        for receiver in queue:
            place = 2 * (message * receivers + receiver)
            there_ns, back_ns = latencies_us[place] * 1000, latencies_us[place + 1] * 1000
            env.timeout((request_ns + 3 * there_ns + 2 * back_ns) / 1e9, (message, receiver)).callbacks.append(arrive)
            yield env.timeout(min(request_ns + 3 * (there_ns + back_ns), time_out_ns) / 1e9)

    def job(message):
        with jobs.request() as place:
            yield place
            queue = iter(range(receivers))
            yield env.all_of([env.process(requests(message, queue)) for _ in range(requests_at_once)])

    def sender():
        for message in range(messages):
            env.process(job(message))
            yield env.timeout(every_ns / 1e9)

    def sampler():
        nonlocal sum_of_counts, sum_of_squares
        yield env.timeout((sample_every_ns + sample_offset_ns) / 1e9)
        for number in range(samples):
            expired = number + 1 - lifetime_ns // sample_every_ns
            if 0 <= expired < periods:
                for receiver in range(receivers):
                    counts[receiver] -= by_period[receiver][expired]
            sum_of_counts += sum(counts)
            sum_of_squares += sum(count * count for count in counts)
            yield env.timeout(sample_every_ns / 1e9)

    env.process(sender())
    env.process(sampler())
    env.run()
    took_ns = time.process_time_ns() - start_ns
    print(deliveries, sum_of_counts, sum_of_squares, took_ns)


if __name__ == "__main__":
    {"phold": phold, "broadcast": broadcast}[sys.argv[1]](sys.argv[2], *map(int, sys.argv[3:]))
