"""What was sent, what was acknowledged, and what was found: the rule of durability, written once.

Each acknowledged thing is found exactly once and in its order. What was sent and not acknowledged may be there, at most once and
in its order. Nothing else is there.
"""

import json
import zlib

ABSENT = None
ANY = object()  # A value that the service chooses.


def payload(device, number, size):
    """Telemetry that says by itself whether it is whole: `size` bytes more or less, all of them by device and number."""
    padding = (zlib.crc32(b"%s/%d" % (device.encode(), number)) % (size + 1))
    return b'{"d":"%s","n":%d,"p":"%s"}' % (device.encode(), number, b"%x" % number * (padding // len(b"%x" % number)))


class Telemetry:
    """One device's messages. They are numbered from 1, and each number is sent once, whatever becomes of it."""

    def __init__(self, device, size):
        self.device, self.size = device, size
        self.sent = 0
        self.acknowledged = set()  # Those not yet known to be stored.
        self.acknowledged_count = 0
        self.seen = 0  # The last that was read.
        self.seen_count = 0
        self.skipped = set()  # Were not there when a later one was.

    def next(self):
        self.sent += 1
        return self.sent, payload(self.device, self.sent, self.size)

    def acknowledge(self, number):
        self.acknowledged.add(number)
        self.acknowledged_count += 1

    def found(self, number, body):
        assert number <= self.sent, f"{self.device}: message {number} was read, {self.sent} were sent"
        assert number > self.seen, f"{self.device}: message {number} was read after {self.seen}: twice, or out of order"
        assert body == json.loads(payload(self.device, number, self.size)), f"{self.device}: message {number} is another"
        self.skipped.update(range(self.seen + 1, number))
        self.seen = number
        self.seen_count += 1

    def check(self):
        """Of what lies before the last one read."""
        seen = self.seen
        lost = sorted(self.acknowledged & self.skipped)
        assert not lost, f"{self.device}: acknowledged and lost: {lost[:10]} and {max(0, len(lost) - 10)} more"
        self.acknowledged = {number for number in self.acknowledged.copy() if number > seen}

    def check_all(self):
        """When everything there is has been read."""
        self.check()
        assert not self.acknowledged, f"{self.device}: acknowledged and lost at the end: {sorted(self.acknowledged)[:10]}"


class Log:
    """All events of a world as the event stream shows them, read on over its restarts."""

    def __init__(self, devices):
        self.devices = {one.device: one for one in devices}
        self.next = {}  # By partition: the sequence number that is due.
        self.times = {}  # By partition: the newest enqueued time.
        self.last_id = None
        self.foreign = 0

    def event(self, identity, event):
        partition, number, enqueued = event["partition"], event["sequenceNumber"], event["enqueuedTimeUtc"]
        due = self.next.get(partition, number)
        assert number == due, f"partition {partition}: event {number} stands where {due} is due"
        assert self.times.get(partition, "") <= enqueued, f"partition {partition}: {enqueued} after {self.times[partition]}"
        self.next[partition], self.times[partition], self.last_id = number + 1, enqueued, identity
        body, origin = event["event"]["payload"], event["event"]["origin"]
        record = self.devices.get(origin)
        assert record, f"an event of {origin}, who sent none: {event}"
        assert isinstance(body, dict) and body.get("d") == origin, f"{origin}: not what was sent: {event}"
        record.found(body["n"], body)


class Register:
    """Things with a name and a state that are changed one after another by one writer: devices, twins, enrollments.

    A state is ABSENT or a dictionary; ANY stands for a value that only the service knows.
    """

    def __init__(self, kind):
        self.kind = kind
        self.settled = {}  # Acknowledged.
        self.pending = {}  # Asked for, and no answer, or one that leaves it open: the states that may be.
        self.touched = set()
        self.acknowledged_count = 0

    def intend(self, name, state):
        self.pending.setdefault(name, []).append(state)
        self.touched.add(name)

    def acknowledge(self, name, state):
        """`state` as the answer says it, which must be what was asked for."""
        asked = self.pending[name][-1]
        assert matches(asked, state), f"{self.kind} {name}: asked {asked}, answered {state}"
        self.settled[name] = state
        del self.pending[name]
        self.acknowledged_count += 1

    def check(self, name, found):
        may = [self.settled.get(name, ABSENT)] + self.pending.pop(name, [])
        assert any(matches(one, found) for one in may), f"{self.kind} {name}: found {found}, not one of {may}"
        self.settled[name] = found

    def check_touched(self, read):
        """`read(name)` gives the state that the service shows."""
        for name in sorted(self.touched):
            self.check(name, read(name))
        self.touched.clear()

    def check_all(self, read):
        self.touched.update(self.settled)
        self.check_touched(read)


def matches(wanted, found):
    if wanted is ABSENT or found is ABSENT:
        return wanted is found
    return wanted.keys() == found.keys() and all(value is ANY or value == found[name] for name, value in wanted.items())
