#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same recordings, told otherwise: variants.py REPLAY FOLDER SCRATCH

Every pcapng of the folder is written again as a pcap file of raw IP packets: as it is, with its segments cut, doubled and out of order, from the middle on, and
cut off in the middle. The first two must be read as the original is; the others must be read as far as they go, with what is missing counted.
The smallest is written once more for each kind of link, IPv4 and IPv6, file format and byte order: read as the original is.
Prints what differs and a sum; exit status 1: something does."""
import json
import random
import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import check  # noqa: E402

RAW_IP = 101
LOGIN_CALLS = 2  # a recording that begins between the negotiation and the log-in shows the log-in as calls


def packet(source, target, sequence, acknowledged, flags, payload):
    """One TCP segment in an IPv4 packet; IPv6 addresses are cut, which keeps them apart well enough here."""
    tcp = source[1] + target[1] + struct.pack(">IIBBHHH", sequence & 0xFFFFFFFF, acknowledged, 5 << 4, flags, 65535, 0, 0) + payload
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + source[0][-4:] + target[0][-4:] + tcp


def packet_six(source, target, sequence, acknowledged, flags, payload, extended):
    """The same in an IPv6 packet, behind an extension header if `extended`."""
    tcp = packet(source, target, sequence, acknowledged, flags, payload)[20:]
    between = bytes([6, 0]) + bytes(6) if extended else b""
    return struct.pack(">IHBB", 6 << 28, len(tcp) + len(between), 0 if extended else 6, 64) + (bytes(16) + source[0])[-16:] + (bytes(16) + target[0])[-16:] + between + tcp


def ether(six):
    return struct.pack(">H", 0x86DD if six else 0x0800)


def ppp(six):
    return struct.pack(">H", 0x57 if six else 0x21)


LINKS = {  # name: (link type, what stands before the IP packet)
    "Ethernet": (1, lambda ip, six: bytes(12) + ether(six)),
    "VLAN": (1, lambda ip, six: bytes(12) + b"\x81\x00\x00\x05" + ether(six)),
    "VLAN in VLAN": (1, lambda ip, six: bytes(12) + b"\x88\xa8\x00\x05\x81\x00\x00\x06" + ether(six)),
    "MPLS": (1, lambda ip, six: bytes(12) + b"\x88\x47\x00\x01\x00\x40\x00\x02\x01\x40"),
    "PPPoE": (1, lambda ip, six: bytes(12) + b"\x88\x64\x11\x00\x00\x01" + struct.pack(">H", len(ip) + 2) + ppp(six)),
    "PPP": (9, lambda ip, six: b"\xff\x03" + ppp(six)),
    "cooked": (113, lambda ip, six: bytes(14) + ether(six)),
    "cooked, VLAN": (113, lambda ip, six: bytes(14) + b"\x81\x00\x00\x05" + ether(six)),
    "cooked 2": (276, lambda ip, six: ether(six) + bytes(18)),
    "loopback": (0, lambda ip, six: struct.pack("<I", 30 if six else 2)),
    "loopback, OpenBSD": (108, lambda ip, six: struct.pack(">I", 24 if six else 2)),
    "raw, BSD": (12, lambda ip, six: b""),
    "raw, OpenBSD": (14, lambda ip, six: b""),
    "raw": (101, lambda ip, six: b""),
}


def pcap_file(frames, link, order, magic):
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 1 << 18, link)
    return out + b"".join(struct.pack(order + "IIII", 0, 0, len(frame), len(frame)) + frame for frame in frames)


def pcapng_file(frames, link, order, kind):
    def block(number, body):
        body += bytes(-len(body) % 4)
        return struct.pack(order + "II", number, 12 + len(body)) + body + struct.pack(order + "I", 12 + len(body))
    heads = {2: lambda size: struct.pack(order + "HHIIII", 0, 0, 0, 0, size, size), 3: lambda size: struct.pack(order + "I", size), 6: lambda size: struct.pack(order + "IIIII", 0, 0, 0, size, size)}
    out = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)) + block(1, struct.pack(order + "HHI", link, 0, 0))
    return out + b"".join(block(kind, heads[kind](len(frame)) + frame) for frame in frames)


FORMATS = {
    "pcap": lambda frames, link: pcap_file(frames, link, "<", 0xA1B2C3D4),
    "pcap, nanoseconds, big-endian": lambda frames, link: pcap_file(frames, link, ">", 0xA1B23C4D),
    "pcapng, big-endian": lambda frames, link: pcapng_file(frames, link, ">", 6),
    "pcapng, simple blocks": lambda frames, link: pcapng_file(frames, link, "<", 3),
    "pcapng, old blocks": lambda frames, link: pcapng_file(frames, link, "<", 2),
}


def told_by_links(replay, path, scratch):
    """How many ways there are to write the recording, and how many are read wrong."""
    original = read(replay, path, scratch)
    segments = with_syns([s for s in check.segments(path.read_bytes()) if s[4] or s[3] & 2])
    count = bad = 0
    for name, (link, head) in LINKS.items():
        for form, make in FORMATS.items():
            if form != "pcap" and name != "Ethernet":
                continue
            for kind in ("IPv4", "IPv6", "IPv6 with extension"):
                packets = [packet(a, b, sequence, 0, flags, payload) if kind == "IPv4" else packet_six(a, b, sequence, 0, flags, payload, kind != "IPv6") for a, b, sequence, flags, payload in segments]
                target = scratch / (path.stem + ".links")
                target.write_bytes(make([head(ip, kind != "IPv4") + ip for ip in packets], link))
                count += 1
                bad += differs(f"{path.name}, {name}, {form}, {kind}", original, read(replay, target, scratch), True)
    return count, bad


def write(path, packets):
    out = bytearray(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, RAW_IP))
    for one in packets:
        out += struct.pack("<IIII", 0, 0, len(one), len(one)) + one
    path.write_bytes(out)


def shuffled(segments, seed):
    """Segments cut in two, some sent twice, and neighbours of one direction swapped."""
    choice, out = random.Random(seed), []
    for source, target, sequence, flags, payload in segments:
        at = choice.randrange(1, len(payload)) if len(payload) > 1 else 0
        pieces = [(source, target, sequence, flags, payload[:at]), (source, target, sequence + at, flags, payload[at:])] if at else [(source, target, sequence, flags, payload)]
        if len(pieces) == 2 and choice.random() < 0.5:
            pieces.reverse()
        if choice.random() < 0.2:
            pieces.append(pieces[0])
        out += pieces
    return out


def with_syns(segments):
    """A SYN before the first bytes of each direction that has none: otherwise nobody can know that a later one belongs before."""
    started, out = set(), []
    for source, target, sequence, flags, payload in segments:
        if (source, target) not in started:
            started.add((source, target))
            if not flags & 2:
                answer = 16 if (target, source) in started else 0
                out.append((source, target, sequence - 1, 2 | answer, b""))
        out.append((source, target, sequence, flags, payload))
    return out


def read(replay, path, scratch):
    output = scratch / "one.json"
    done = subprocess.run([str(replay), str(path), "--output", str(output)], capture_output=True, text=True, check=False)
    if done.returncode:
        return {"failed": done.stderr}
    return next(iter(json.loads(output.read_text()).values()))


def differs(name, original, other, same):
    keys = ("messages", "calls", "unknown", "rows", "errors", "statements", "bytes_missing") if same else ()
    wrong = [f"{key}: {original[key]} became {other.get(key)}" for key in keys if original[key] != other.get(key)]
    if "failed" in other:
        wrong.append(other["failed"].strip()[-200:])
    elif not same:
        if other["calls"] > original["calls"] + LOGIN_CALLS or other["rows"] > original["rows"]:
            wrong.append("more calls or rows than there are")
    for text in wrong:
        print(f"{name}: {text}")
    return bool(wrong)


def main():
    replay, folder, scratch = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    scratch.mkdir(parents=True, exist_ok=True)
    count = bad = calls = middle = 0
    for path in sorted(folder.glob("*.pcapng")):
        original = read(replay, path, scratch)
        segments = with_syns([s for s in check.segments(path.read_bytes()) if s[4] or s[3] & 2])
        torn = shuffled(segments, path.name)
        variants = (("pcap", segments, True), ("out of order", torn, True), ("from the middle", [s for s in segments[len(segments) // 2:]], False))
        for kind, listed, same in variants:
            target = scratch / (path.stem + ".pcap")
            write(target, [packet(a, b, sequence, 0, flags, payload) for a, b, sequence, flags, payload in listed])
            other = read(replay, target, scratch)
            count += 1
            bad += differs(f"{path.name}, {kind}", original, other, same)
            if kind == "from the middle":
                calls, middle = calls + original["calls"], middle + other.get("calls", 0)
        cut = scratch / (path.stem + ".pcapng")
        cut.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
        count += 1
        bad += differs(f"{path.name}, cut", original, read(replay, cut, scratch), False)
    several, wrong = told_by_links(replay, min(folder.glob("*.pcapng"), key=lambda path: path.stat().st_size), scratch)
    count, bad = count + several, bad + wrong
    print(f"variants: {count - bad} of {count} read as they should be; from the middle {middle} of {calls} calls")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
