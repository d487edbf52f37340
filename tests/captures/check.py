#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds what the decoders said of recordings against the bytes: check.py FOLDER captures.json

Nothing of the decoders takes part: the TCP payloads are put together here, the TNS packets are walked, and then only plain facts are looked for.
  - packets: as many as the result says;
  - statements: each one stands in what the client sent, and each text that begins like a statement there is in the result;
  - errors: as many error texts (ORA-01403, the end of data, apart) as the server sent behind an end of call.
Prints a line for each file and the sum; exit status 1: a fact does not hold."""
import json
import re
import struct
import sys
from pathlib import Path

CONNECT, ACCEPT, DATA = 1, 2, 6
SHORT_FORM = {1, 2, 4, 5, 11}
STATEMENT = re.compile(rb"(?i)\b(select|insert into|update|delete from|merge into|create|drop|alter|begin|declare|commit|rollback|truncate)\b[\x20-\x7e\r\n\t]{0,40}")


def frames(data):
    """(link type, frame) of a pcapng or pcap file, whatever its byte order."""
    if data[:4] == b"\x0a\x0d\x0d\x0a":
        order, links, at = "<", [], 0
        while at + 12 <= len(data):
            if data[at:at + 4] == b"\x0a\x0d\x0d\x0a":
                order, links = ("<" if data[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else ">"), []
            kind, size = struct.unpack_from(order + "II", data, at)
            if size < 12 or at + size > len(data):
                return
            if kind == 1:
                links.append(struct.unpack_from(order + "H", data, at + 8)[0])
            elif kind == 6:
                interface, _, _, length = struct.unpack_from(order + "IIII", data, at + 8)
                yield links[interface], data[at + 28:at + 28 + length]
            at += size
        return
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    link, at = struct.unpack_from(order + "I", data, 20)[0], 24
    while at + 16 <= len(data):
        length = struct.unpack_from(order + "I", data, at + 8)[0]
        yield link, data[at + 16:at + 16 + length]
        at += 16 + length


def segments(data):
    for link, frame in frames(data):
        at = {0: 4, 1: 14, 113: 16, 276: 20}.get(link, 0)
        ip = frame[at:]
        if not ip or ip[0] >> 4 not in (4, 6):
            continue
        if ip[0] >> 4 == 4:
            head, total, protocol, a, b = (ip[0] & 15) * 4, struct.unpack_from(">H", ip, 2)[0] or len(ip), ip[9], ip[12:16], ip[16:20]
        else:
            head, total, protocol, a, b = 40, 40 + struct.unpack_from(">H", ip, 4)[0], ip[6], ip[8:24], ip[24:40]
        if protocol != 6:
            continue
        tcp = ip[head:total]
        yield (a, tcp[0:2]), (b, tcp[2:4]), struct.unpack_from(">I", tcp, 4)[0], tcp[13], tcp[(tcp[12] >> 4) * 4:]


def streams(data):
    """{(client, server): [bytes of the client, bytes of the server]}, each direction put together by sequence number."""
    known, parts, start = {}, {}, {}
    for source, target, sequence, flags, payload in segments(data):
        pair = (source, target) if (source, target) in known else (target, source)
        if pair not in known:
            pair = (source, target) if not (flags & 2 and flags & 16) else (target, source)
            known[pair] = True
        if flags & 2:
            start[source, target] = sequence + 1
        if payload:
            start.setdefault((source, target), sequence)
            parts.setdefault((source, target), {}).setdefault((sequence - start[source, target]) & 0xFFFFFFFF, payload)
    for client, server in known:
        sides = []
        for way in ((client, server), (server, client)):
            out = bytearray()
            for offset, payload in sorted(parts.get(way, {}).items()):
                if offset < len(out):
                    payload = payload[len(out) - offset:]
                out += payload
            sides.append(bytes(out))
        yield sides


def walk(side, large_from):
    """Packets of one direction: (type, payload). large_from: the number of packets in the short form before lengths have four bytes."""
    at = count = 0
    while at + 8 <= len(side):
        kind = side[at + 4]
        large = large_from is not None and count >= large_from and kind not in SHORT_FORM
        size = struct.unpack_from(">I" if large else ">H", side, at)[0]
        if size < 8 or at + size > len(side):
            return
        yield kind, side[at + 10:at + size] if kind == DATA else side[at + 8:at + size]
        at += size
        count += 1


def short_packets(side):
    """How many packets the client sends before the ACCEPT: each CONNECT, and the descriptor behind it if it did not fit."""
    count, missing = 0, 0
    for kind, payload in walk(side, None):
        if kind == CONNECT:
            size, at = struct.unpack_from(">HH", payload, 16)
            missing = size if at + size > len(payload) + 8 else 0
        elif kind == DATA and missing > 0:
            missing -= len(payload)
        else:
            return count
        count += 1
    return count


def both(sides):
    server = list(walk(sides[1], None))
    accepts = [i for i, (kind, _) in enumerate(server) if kind == ACCEPT]
    large = accepts and struct.unpack_from(">H", server[accepts[0]][1])[0] >= 315
    if large:
        server = list(walk(sides[1], accepts[0] + 1))
        client = list(walk(sides[0], short_packets(sides[0])))
    else:
        client = list(walk(sides[0], None))
    return client, server


def check(path, result):
    client, server, problems = [], [], []
    whole = list(streams(path.read_bytes()))
    if result["bytes_missing"] or any(len(sides[0]) < 5 or sides[0][4] != CONNECT for sides in whole):
        print(f"{path.name:<48} SKIPPED: a connection is not whole")
        return True
    for sides in whole:
        one, other = both(sides)
        client += one
        server += other
    if result["messages"] != len(client) + len(server):
        problems.append(f"{len(client) + len(server)} packets, the result has {result['messages']}")
    said = b"".join(payload for kind, payload in client if kind == DATA)
    flat = re.sub(rb"[\xfe\x00-\x08\x0b\x0c\x0e-\x1f\x80-\xff]", b"", said)
    for text in result["statements"]:
        plain = re.sub(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x80-\xff]", b"", text.encode())
        if plain[:60] not in flat and plain[:60] not in said:
            problems.append(f"not in the bytes: {text[:60]!r}")
    texts = [text.encode() for text in result["statements"]]
    for found in {match.group(0).rstrip() for match in STATEMENT.finditer(said)}:
        if not any(found[:20] in text for text in texts) and b"ALTER SESSION SET" not in found.upper():
            problems.append(f"not in the result: {found[:60]!r}")
    errors = len(re.findall(rb"(?<![\n(])ORA-(?!01403)\d{5}: ", b"".join(payload for kind, payload in server if kind == DATA)))
    if errors != result["errors"]:
        problems.append(f"{errors} error texts, the result has {result['errors']}")
    print(f"{path.name:<48} {len(client) + len(server):>5} packets {len(texts):>3} statements {errors:>3} errors: {'; '.join(problems) or 'as the bytes say'}")
    return not problems


def main():
    folder, results = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
    files = [path for path in sorted(folder.iterdir()) if path.suffix in (".pcapng", ".pcap") and path.name in results]
    wrong = sum(not check(path, results[path.name]) for path in files)
    print(f"recordings: {len(files) - wrong} as their bytes say, {wrong} not")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
