"""Does to a copy of a trail what somebody might: tamper.py flipped|cut|forged DIRECTORY"""

import hashlib
import json
import pathlib
import sys

what, directory = sys.argv[1:]
segment = sorted(pathlib.Path(directory).glob("seg-*.jsonl"))[-1]
lines = segment.read_bytes().splitlines(keepends=True)
turns = [at for at, line in enumerate(lines) if b'"type":"span"' in line]

if what == "flipped":  # one bit of a record in the midst
    at = turns[len(turns) // 2]
    line = bytearray(lines[at])
    place = line.index(b'"agent_id":"') + 12
    line[place] ^= 1
    lines[at] = bytes(line)
elif what == "cut":  # in the midst of the last record but three
    lines = lines[:-3]
    lines[-1] = lines[-1][: len(lines[-1]) // 2]
elif what == "forged":  # in the place of the seal a record once more, which follows from the one before it, and which nobody has signed
    lines.pop()
    before = json.loads(lines[-1])
    record = lines[turns[0]].rsplit(b',"trail_seq":', 1)[0]
    hashed = record + b',"trail_seq":%d,"synced":%d' % (before["trail_seq"] + 1, before["trail_seq"])
    digest = hashlib.sha256(bytes.fromhex(before["h"]) + hashed).hexdigest()
    lines.append(hashed + b',"h":"' + digest.encode() + b'"}\n')
else:
    sys.exit(f"{what}?")
segment.write_bytes(b"".join(lines))
