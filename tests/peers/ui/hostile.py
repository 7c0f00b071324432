"""Makes every text of a copy of a trail hostile: hostile.py DIRECTORY. Its chain is right again, its checkpoints are not."""

import hashlib
import itertools
import json
import pathlib
import sys

EVIL = itertools.cycle(
    [
        "<script>window.hit = 1</script>",
        '"><img src=x onerror="window.hit = 2">',
        "</style></script><svg onload=window.hit=3>",
        "javascript:window.hit=4",
        "\u202egnp.exe \u2066\u200b\ufeff",
        "a\u00adb\u034fc\u3164d\ufe0f \U000e0041\U000e0042",
        "\u001b[2J\u001b]0;owned\u0007\u009b31m\u0000",
        "' onclick='window.hit=5' x='",
        "{{constructor.constructor('window.hit=6')()}}",
        '{"__proto__": {"hit": 7}, "constructor": {"prototype": {"hit": 7}}}',
        "[[[[[[[[" * 20,
        "<redacted:EMAIL:12-chars><redacted:<script>:1-chars>",
        "W" * 9000,
        "ﷺ" * 300 + "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢" * 40,
        "https://evil.example/?q=<b>",
        "\n\n\n\t\t" * 50,
    ]
)
# What the reader goes by.
KEPT = {
    "type", "timestamp", "sequence", "run_id", "trace_id", "time_unix_nano", "schema", "subject", "phase", "span_id", "parent_span_id", "duration_ms",
    "number", "tool_type", "decision", "intent", "budget", "flags", "role",
}  # fmt: skip


def evil(value, key=None):
    if key in KEPT:
        return value
    if isinstance(value, str):
        return next(EVIL)
    if isinstance(value, list):
        return [evil(it) for it in value]
    if isinstance(value, dict):
        return {key: evil(it, key) for key, it in value.items()}
    return value


segment = sorted(pathlib.Path(sys.argv[1]).glob("seg-*.jsonl"))[0]
for other in sorted(pathlib.Path(sys.argv[1]).glob("seg-*.jsonl"))[1:]:
    other.unlink()
before, written = None, []
for line in segment.read_bytes().splitlines():
    record = json.loads(line)
    seq, synced, old = record.pop("trail_seq"), record.pop("synced"), record.pop("h")
    if before is None:  # the segment's own beginning
        written.append(line + b"\n")
        before = bytes.fromhex(old)
        continue
    if not record["type"].startswith("trail_"):
        record = evil(record)
        if record.get("content") is not None and written and len(written) % 3 == 0:
            record["content"] = json.dumps([{"role": next(EVIL), "parts": [{"type": "text", "content": next(EVIL)}, {"type": "tool_call", "name": next(EVIL), "arguments": {next(EVIL): next(EVIL)}}, {"type": next(EVIL)}]}])
        record["attributes"] = {next(EVIL)[:200]: next(EVIL)}
    body = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
    room = 65_000 - len(body)
    if len(written) == 4 and "content" in record:  # a line as long as one may be
        body = body[:-1] + b',"more":"' + b"x" * room + b'"}'
    hashed = body[:-1] + b',"trail_seq":%d,"synced":%s' % (seq, b"null" if synced is None else b"%d" % synced)
    before = hashlib.sha256(before + hashed).digest()
    written.append(hashed + b',"h":"' + before.hex().encode() + b'"}\n')
segment.write_bytes(b"".join(written))
