"""Changes trails at random, and asks both readers: their exits, findings and torn ends must be the same.

trail_fuzz.py KAOS DOCUMENTS [TRAIL]… [--runs N] [--seed N] [--run N] [--keep DIRECTORY]

Begins with the documents' examples and the trails given. A change is of bytes, of lines, of files, or of
what records say; after that hashes, trees and signatures may be made anew, as by somebody who has the
keys, so that what is wrong is what the records say and not that they were changed.
"""

import argparse
import base64
import contextlib
import glob
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from trail_reader.directory import segments_of
from trail_reader.forms import MAX_NUMBER, checkpoint_of, key_of, log_of, sha256
from trail_reader.merkle import Tree, leaf_of
from trail_reader.records import OWN
from trail_reader.verify import verify

MOST = 100  # findings that kaos lists

# What this reader says, and what kaos calls that.
KINDS = [
    ("renamed", "renamed"), ("its segment has no first record", "no_beginning line_end unreadable"),
    ("its segment has no checkpoint", "no_checkpoint"),
    ("a log of another trail", "other_trail"), ("an anchor of another trail", "other_trail"),
    ("its format is higher", "newer_format"), ("a format lower", "older_format"), ("missing", "missing"),
    ("does not continue the log", "does_not_continue"), ("damaged or lost", "restarted"),
    ("no line of a trail", "no_line cut_off"), ("longer than a line", "no_line cut_off"), ("a tool put", "line_end"),
    ("has the number", "wrong_number"), ("does not follow", "broken_chain"), ("cannot be read", "malformed"),
    ("more than 2^24", "unreadable"),
    ("stands behind the seal", "after_seal"), ("a segment's record within", "misplaced"),
    ("a loss was found", "loss"), ("not what", "other_records"), ("covers other records", "other_records"),
    ("no valid signature of a key that counts", "not_trusted"), ("not signed", "not_trusted not_signed"),
    ("signed by a key not named", "not_signed"), ("an anchor that no key", "not_signed"),
    ("covered by no checkpoint", "uncovered"),
]
ZEROS = bytes(32)


# --- trails to begin with -------------------------------------------------------------------------


class Secrets:
    """The keys that the trails were signed with, and one that signed nothing."""

    def __init__(self):
        seeds = [("example", bytes(range(32))), ("second", bytes([9] * 32)), ("other", bytes([3] * 32))]
        seeds += [("test", bytes([each] * 32)) for each in (7, 8)]
        self.by_text = {}
        for name, seed in seeds:
            secret = Ed25519PrivateKey.from_private_bytes(seed)
            data = b"\1" + secret.public_key().public_bytes_raw()
            identity = sha256(name.encode() + b"\n" + data)[:4]
            text = f"{name}+{identity.hex()}+{base64.b64encode(data).decode()}"
            self.by_text[text] = (name, identity, secret)

    def note(self, text, key):
        """A checkpoint, signed if we can."""
        if key not in self.by_text:
            return text
        name, identity, secret = self.by_text[key]
        signature = base64.b64encode(identity + secret.sign(text.encode())).decode()
        return f"{text}\n\u2014 {name} {signature}\n"


SECRETS = Secrets()


def examples(documents):
    """The documents' trails: the name and bytes of each file."""
    for document in ["audit-format.md", "audit-format-1.md"]:
        with open(os.path.join(documents, document), encoding="utf-8") as file:
            files = re.findall(r"^```text (\S+)/(seg-\S+)\n(.*?\n)```$", file.read(), re.DOTALL | re.MULTILINE)
        trails = {}
        for trail, name, text in files:
            trails.setdefault(trail, {})[name] = text.encode()
        yield from trails.values()
        first = min(trails["recovered"])
        yield {first: trails["recovered"][first] + b'{"timestamp":0.007,"sequence":4,"sess'}


def stored(directory):
    paths = glob.glob(os.path.join(directory, "seg-*.jsonl"))
    found = {}
    for path in filter(os.path.isfile, paths):
        with open(path, "rb") as file:
            found[os.path.basename(path)] = file.read()
    return found


# --- changes of bytes -----------------------------------------------------------------------------


def change_bytes(trail, chance):
    """A file's bytes, or which files there are."""
    name = chance.choice([*trail, max(trail)])
    data = bytearray(trail[name])
    at = chance.randrange(len(data) or 1)
    lines = bytes(data).splitlines(keepends=True) or [b"\n"]
    line = chance.randrange(len(lines))
    kind = chance.randrange(16)
    if kind == 0 and data:
        data[at] ^= 1 << chance.randrange(8)
    elif kind == 1:
        del data[at:]
    elif kind == 2:
        data[at : at + chance.randrange(1, 600)] = bytes(chance.randrange(600))
    elif kind == 3:
        data += chance.choice(JUNK + [lines[line], lines[line][:-1], b"\n"])
    elif kind == 4:
        del trail[name]
        return
    elif kind == 5:
        moved = min(max(0, int(name[4:24]) + chance.choice([-3, -1, 1, 2, 5, 2**40, 2**62])), MAX_NUMBER)
        trail[f"seg-{moved:020}.jsonl"] = trail.pop(name)
        return
    elif kind == 6:
        trail[f"seg-{chance.choice([1, 4, 9, 33, 2**62, 2**63 - 1]):020}.jsonl"] = chance.choice([b"", bytes(data)])
        return
    else:
        change_lines(lines, line, kind, chance)
        data = b"".join(lines)
    trail[name] = bytes(data)


def change_lines(lines, line, kind, chance):
    other = chance.randrange(len(lines))
    if kind == 7:
        del lines[line]
    elif kind == 8:
        lines.insert(line, lines[other])
    elif kind == 9:
        lines[line], lines[other] = lines[other], lines[line]
    elif kind == 10:
        lines[line] = lines[line][:-1] + b"\r\n"
    elif kind == 11:
        lines[line] = chance.choice(JUNK)
    elif kind == 12:
        del lines[line:]
    elif kind == 13:
        lines[line] = b"\xef\xbb\xbf" + lines[line]
    elif kind == 14:
        lines[line] = re.sub(rb'"synced":(null|\d+)', b'"synced":' + chance.choice(NUMBERS), lines[line])
    else:
        lines[line] = re.sub(rb'"trail_seq":\d+', b'"trail_seq":' + chance.choice(NUMBERS), lines[line])


JUNK = [
    b"\n", b"x", b"{}\n", b"\0" * 500 + b"\n", b"z" * 65_536 + b"\n", b"z" * 65_537, b"z" * 70_000 + b"\n",
    b"q" * 140_000 + b"\n", b"\xff\xfe\n",
    b'{"trail_seq":5,"synced":null,"h":"' + b"0" * 64 + b'"}\n',
]
NUMBERS = [
    b"0", b"1", b"7", b"-0", b"-1", b"1e3", b"01", b"1.0", b"null", b"9007199254740993", b"9223372036854775807",
    b"9223372036854775808", b"18446744073709551615", b"99999999999999999999", b"\xd9\xa1", b'"1"', b" 1",
]


# --- changes of what records say ------------------------------------------------------------------


def change_records(trail, chance):
    """A record's fields, or a record more or less; then all is made right again, as far as it is wished."""
    name = chance.choice(list(trail))
    bodies = [body(line) for line in trail[name].splitlines()]
    at = chance.randrange(len(bodies) or 1)
    kind = chance.randrange(5)
    if kind < 2 and bodies:
        owned = [index for index, each in enumerate(bodies) if each.startswith(b'{"type":"trail_')]
        at = chance.choice(owned) if owned and chance.random() < 0.95 else at
        bodies[at] = changed_field(bodies[at], chance)
    elif kind == 2:
        bodies.insert(at + 1, made_record(trail, chance))
    elif kind == 3 and bodies:
        times = chance.choice([1, 1, 1, 1, 1, 1, 511, 514, 1023, 1030])
        bodies[at:at] = [chance.choice(bodies)] * times
    elif bodies:
        del bodies[at]
    trail[name] = b"".join(each + b"\n" for each in bodies)


def body(line):
    """A line without its place."""
    found = re.fullmatch(rb'(\{.*),"trail_seq":[^,]*,"synced":[^,]*,"h":"[^"]*"\}', line, re.DOTALL)
    return found[1] if found else line


VALUES = [
    b"0", b"1", b"2", b"3", b"-0", b"-1", b"1e3", b"1.0", b"1.5", b"9007199254740993", b"9223372036854775807",
    b"9223372036854775808", b"4294967296", b"18446744073709551616", b"1e400", b"null", b"true", b"false", b'""', b'"x"',
    b'"\\ud800"', b'"\\u0000"', b'"\xc3\xa9\xe2\x80\xae"', b'"\xff"', b"[]", b"{}", b'{"a":1,"a":2}', b"[" * 200 + b"]" * 200,
    b'"opened"', b'"created"', b'"rotated"', b'"failed"', b'"restarted"', b'"loss"', b'"torn"', b"NaN", b"Infinity", b'"\x01"',
    b'"' + b"0" * 64 + b'"', b'"' + b"F" * 64 + b'"', b'["' + b"0" * 64 + b'"]', b"1 ", b"", b"nul", b"00", b"+1", b"0x1",
    b"[" * 100_000, b'"kaos-trail/0123456789abcdef0123456789abcdef"', b'"kaos-trail/0123456789abcdef0123456789abcdef/4"',
]


def changed_field(record, chance):
    fields = list(re.finditer(rb'"([A-Za-z_]+)":("(?:[^"\\]|\\.)*"|\[[^\[\]]*\]|[^,\[{"}]+)', record))
    if not fields:
        return record
    field = chance.choice(fields)
    values = VALUES + [key.encode().join([b'"', b'"']) for key in SECRETS.by_text]
    kind = chance.randrange(6)
    before, after = record[: field.start()], record[field.end() :]
    if kind == 0:
        return (before + after).replace(b",,", b",").replace(b"{,", b"{")
    if kind == 1:
        return before + field[0] + b"," + field[0] + after
    if kind == 2:
        key = b'"' + field[1][:1] + b"\\u%04x" % field[1][1] + field[1][2:] + b'":' if len(field[1]) > 1 else b'"":'
        return before + key + field[2] + after
    if kind == 3:
        return before + field[0] + b',"new":' + chance.choice(values) + after
    return before + b'"' + field[1] + b'":' + chance.choice(values) + after


def made_record(trail, chance):
    keys, number = list(SECRETS.by_text), chance.choice([0, 1, 2, 5, 7, 8, 12, 16, 20, 100])
    lines = [line for name in trail for line in trail[name].splitlines()]
    logs = re.findall(rb'"log":"(kaos-trail/[0-9a-f/]+)"', b"".join(trail.values())) or [b"kaos-trail/" + b"0" * 31 + b"1"]
    text = chance.choice(logs).decode()
    record = chance.choice([
        {"type": "trail_gap", "reason": "x", "lost": chance.choice([0, 1, 2**40]), "unrecorded_effects": 0},
        {"type": "trail_recovery", "found": chance.choice(["torn", "loss", "corrupt", "unsigned", "new"]), "segment": "s",
         "from_seq": number, "offset": 0, "bytes": 0},
        {"type": "trail_key", "from": chance.choice(keys), "key": chance.choice(keys)},
        {"type": "trail_accept", "from": 0, "to": 0, "root": "", "reason": "known", "who": "kim"},
        {"type": "trail_retention", "to": number, "log": text, "root": "", "segments": 1},
        {"type": "trail_later", "what": [1]},
        {"type": "trail_checkpoint", "note": f"{text}\n{number}\n{base64.b64encode(ZEROS).decode()}\n"},
        {"type": "trail_checkpoint", "note": f"{text}\n{number}\n{base64.b64encode(ZEROS).decode()}\n", "seal": True},
        None,
    ])
    if record is None:
        return chance.choice([*map(body, lines), b'{"type":"trail_', b"{", b'{"type":"metric"', b'{"type":"span","subject":"turn"'])
    if record["type"] == "trail_accept":
        record |= accepted(trail, chance)
    if record["type"] == "trail_retention":
        record |= removed(trail, chance)
    record = {"type": record.pop("type"), "time_unix_nano": "1767657600000000000", **record}
    return json.dumps(record, separators=(",", ":")).encode()[:-1]


def accepted(trail, chance):
    """The range of a finding that there is, and the root over what stands there."""
    with written(trail) as directory:
        if not segments_of(directory):
            return {"root": "0" * 64}
        report = verify(directory)
    found = [finding for finding in report.findings if finding.start is not None]
    start, end = (chance.choice(found).start, chance.choice(found).end) if found else (chance.randrange(20), chance.randrange(30))
    return {"from": start, "to": end, "root": report.root(start, end).hex()}


def removed(trail, chance):
    """The beginning of one of the segments."""
    for line in [trail[name].split(b"\n")[0] for name in chance.sample(sorted(trail), len(trail))]:
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
            record = json.loads(line)
            base = log_of(record["log"]).base
            tree = Tree(record["trail_seq"] - base, [bytes.fromhex(each) for each in record["tree"]])
            return {"to": record["trail_seq"], "log": record["log"], "root": tree.root().hex()}
    return {"root": "0" * 64}


# --- making it right again ------------------------------------------------------------------------


def relinked(trail, chance):
    """The trail with numbers, hashes, trees and checkpoints that fit, or only some of these."""
    renumbers, resigns, rebases = chance.random() < 0.9, chance.random() < 0.9, chance.random() < 0.9
    number, prev, tree, log, key = None, ZEROS, Tree(), None, None
    made = {}
    for name in sorted(trail):
        data, lines, first = b"", trail[name].splitlines(), True
        for line in lines:
            record, place = body(line), re.search(rb',"trail_seq":(\d+),"synced":(null|\d+),"h"', line)
            synced = place[2] if place else b"null" if not number else b"%d" % (number - 1)
            if first:
                header = parsed(record)
                kind = header.get("cause")
                if number is None or (kind == "restarted" and header.get("log") != log):
                    number, prev, tree = int(place[1]) if place else int(name[4:24]), given_hash(header), Tree()
                    with contextlib.suppress(Exception):
                        base = log_of(header["log"]).base
                        tree = Tree(number - base, [bytes.fromhex(each) for each in header["tree"]])
                elif rebases and header:
                    hashes = ",".join(f'"{each.hex()}"' for each in tree.roots).encode()
                    record = re.sub(rb'"prev":"[0-9a-f]*"', b'"prev":"' + prev.hex().encode() + b'"', record, count=1)
                    record = re.sub(rb'"tree":\[[^\]]*\]', b'"tree":[' + hashes + b"]", record, count=1)
                log, key = header.get("log", log), header.get("key")
                made_name = f"seg-{number:020}.jsonl" if renumbers else name
                first = False
            if resigns and record.startswith(b'{"type":"trail_checkpoint"'):
                record = resigned(record, log, key, tree)
            written_number = number if renumbers or not place else int(place[1])
            hashed = record + b',"trail_seq":%d,"synced":%b' % (written_number, synced)
            prev = sha256(prev + hashed)
            line = hashed + b',"h":"%b"}' % prev.hex().encode()
            tree.push(leaf_of(line))
            data, number = data + line + b"\n", number + 1
        made[made_name if lines else name] = data
    return made


def given_hash(header):
    try:
        prev = bytes.fromhex(header["prev"])
    except (KeyError, ValueError, TypeError):
        return ZEROS
    return prev if len(prev) == 32 else ZEROS


def parsed(record):
    try:
        found = json.loads(record + b"}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def resigned(record, log, key, tree):
    found = parsed(record)
    if not isinstance(found.get("note"), str) or not isinstance(log, str) or not isinstance(key, str | None):
        return record
    note = SECRETS.note(f"{log}\n{tree.size}\n{base64.b64encode(tree.root()).decode()}\n", key)
    text = json.dumps(note, ensure_ascii=False).encode(errors="replace")
    return re.sub(rb'"note":"(?:[^"\\]|\\.)*"', lambda _: b'"note":' + text, record, count=1)


# --- both readers ---------------------------------------------------------------------------------


@contextlib.contextmanager
def written(trail):
    with tempfile.TemporaryDirectory() as directory:
        for name, data in trail.items():
            with open(os.path.join(directory, name), "wb") as file:
                file.write(data)
        yield directory


def ours(directory, keys, anchors, log, strict):
    report = verify(directory, list(map(key_of, keys)), list(map(checkpoint_of, anchors)), log and log_of(log))
    found = {(finding.start, finding.end, kind(finding.what)) for finding in report.findings}
    return {
        "exit": report.exit_code(strict), "findings": found, "accounted": len(report.accounted),
        "tail": report.unsigned_tail, "torn": report.torn,
        "unreadable": {each.start for each in report.findings + report.accounted if kind(each.what) == "malformed"},
    }


def kind(what):
    what = re.sub(r"^\d+ records were lost.*", "gap", what, flags=re.DOTALL)
    return next((names for text, names in KINDS if what.startswith(text)), what)


def theirs(kaos, directory, keys, anchors, log, strict):
    command = [kaos, "audit", "verify", ".", "--json", *(["--strict"] if strict else [])]
    command += [part for key in keys for part in ("--key", key)] + (["--log", log] if log else [])
    for index, anchor in enumerate(anchors):
        with open(os.path.join(directory, f"anchor{index}"), "w", encoding="utf-8") as file:
            file.write(anchor)
        command += ["--anchor", f"anchor{index}"]
    done = subprocess.run(command, cwd=directory, capture_output=True, timeout=60, check=False)
    if not done.stdout:
        raise AssertionError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.decode(errors='replace')}")
    report = json.loads(done.stdout)
    assert report["exit_code"] == done.returncode, done
    torn = report["torn"] and report["torn"]["from_seq"]
    found = set() if report["more_findings"] else {told(finding) for finding in report["findings"]}
    return {
        "exit": done.returncode, "findings": found, "accounted": len(report["accounted"]),
        "tail": report["unsigned_tail"], "torn": torn, "more": report["more_findings"],
        "events": {
            finding["seq"]
            for finding in report["findings"] + [each["finding"] for each in report["accounted"]]
            if is_of_event(directory, finding)
        },
    }


def is_of_event(directory, finding):
    """Whether kaos cannot read an event."""
    if "malformed" not in finding["problem"]:
        return False
    with open(os.path.join(directory, finding["segment"]), "rb") as file:
        file.seek(finding["offset"])
        return not file.read(20).startswith(OWN)


def told(finding):
    problem = finding["problem"]
    name, about = (problem, None) if isinstance(problem, str) else next(iter(problem.items()))
    if isinstance(about, dict) and "from" in about:
        return about["from"], about["to"], name
    number = finding["seq"]
    return number, None if number is None else number + 1, name


def differences(mine, other):
    """What the readers disagree about; that what is JSON is no event to kaos is no disagreement."""
    if other["events"] - mine["unreadable"]:
        return
    if mine["exit"] != other["exit"]:
        yield f"exit {mine['exit']} here, {other['exit']} there"
    if not other["more"]:
        unmatched = sorted(map(str, (each for each in mine["findings"] if not has(other["findings"], each))))
        unmatched += sorted(map(str, (f"there: {each}" for each in other["findings"] if not is_in(each, mine["findings"]))))
        if unmatched:
            yield f"findings: {'; '.join(unmatched)}"
        if mine["accounted"] != other["accounted"]:
            yield f"accounted: {mine['accounted']} here, {other['accounted']} there"
    if mine["torn"] != other["torn"]:
        yield f"torn from {mine['torn']} here, {other['torn']} there"
    if mine["tail"] != other["tail"]:
        yield f"a tail of {mine['tail']} here, {other['tail']} there"


def has(found, each):
    return any((each[0], each[1], name) in found for name in each[2].split())


def is_in(each, found):
    return any(each[:2] == mine[:2] and each[2] in mine[2].split() for mine in found)


# --- the command ----------------------------------------------------------------------------------


def knowledge(trail, chance):
    """What the verifier has."""
    everything = b"".join(trail.values())
    named = sorted({key for key in SECRETS.by_text if key.encode() in everything})
    notes = []
    for note in re.findall(rb'"note":("(?:[^"\\]|\\.)*")', everything):
        with contextlib.suppress(ValueError):
            text = json.loads(note)
            notes += [text] if checkpoint_of(text) else []
    logs = re.findall(r"kaos-trail/[0-9a-f]{32}", everything.decode(errors="replace"))
    keys = chance.sample(named, chance.randrange(len(named) + 1))
    keys += chance.sample(sorted(SECRETS.by_text), 1) if chance.random() < 0.1 else []
    anchors = chance.sample(notes, chance.choice([0, 0, 1, 1, 2])) if len(notes) > 1 else []
    log = chance.choice(logs) if logs and chance.random() < 0.2 else None
    log = log if log and int(log[-32:], 16) else None
    return keys, anchors, log, chance.random() < 0.5


def changed(begun, chance):
    trail = dict(begun)
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        if not trail:
            break
        if chance.random() < 0.4:
            change_bytes(trail, chance)
        else:
            change_records(trail, chance)
            trail = relinked(trail, chance)
            if chance.random() < 0.1 and trail:
                change_bytes(trail, chance)
    return trail


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kaos", type=os.path.abspath)
    parser.add_argument("documents")
    parser.add_argument("trails", nargs="*")
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--run", type=int, help="only this one of them")
    parser.add_argument("--keep", help="where trails go that the readers disagree about")
    return parser.parse_args()


def main():
    given = arguments()
    seed = random.randrange(2**32) if given.seed is None else given.seed
    begun = [*examples(given.documents), *filter(None, map(stored, given.trails))]
    differ, exits = {}, {}
    for run in range(given.runs) if given.run is None else [given.run]:
        chance = random.Random(f"{seed}/{run}")
        source = chance.choice(begun)
        trail = changed(source, chance)
        known = knowledge(trail, chance)
        with written(trail) as directory:
            if not segments_of(directory):
                continue
            if given.run is not None and given.keep:
                shutil.copytree(directory, given.keep, dirs_exist_ok=True)
            mine, other = ours(directory, *known), theirs(given.kaos, directory, *known)
            exits[mine["exit"]] = exits.get(mine["exit"], 0) + 1
            found = list(differences(mine, other))
            if found:
                differ[run] = found
                print(f"seed {seed}, run {run}, {known[0]} {len(known[1])} anchors {known[2]}:", *found, sep="\n    ")
                if given.keep:
                    shutil.copytree(directory, os.path.join(given.keep, f"{seed}-{run}"), dirs_exist_ok=True)
    told = ", ".join(f"{count} of exit {exit}" for exit, count in sorted(exits.items()))
    print(f"{given.runs} changed trails ({told}), seed {seed}: the readers differ about {len(differ)}")
    return bool(differ)


if __name__ == "__main__":
    sys.exit(main())
