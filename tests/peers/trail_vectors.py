"""The examples of docs/audit-format.md and of version 1, read by verify_trail.py."""

import base64
import json
import os
import re
import tempfile

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from trail_notes import ZEROS, Checkpoint, Key, Tree, check_proof, sha
from verify_trail import Verifier


def check(directory):
    """The examples of both versions, and what their pages say about them."""
    for document in ["audit-format-1.md", "audit-format.md"]:
        examples(os.path.join(directory, document))
    print("the documents' examples are as they say")
    return 0


def examples(document):
    with open(document, encoding="utf-8") as file:
        files = dict(re.findall(r"^```text (\S+/\S+)\n(.*?\n)```$", file.read(), re.DOTALL | re.MULTILINE))
    key = Key(files["key/verifier"].strip())
    name, identity, data = files["key/secret"].strip().removeprefix("PRIVATE+KEY+").split("+", 2)
    secret = Ed25519PrivateKey.from_private_bytes(base64.b64decode(data)[1:])
    assert secret.public_key() == key.public and (name, identity) == (key.name, key.id.hex())

    def verified(trail, key, anchored, torn=False):
        with tempfile.TemporaryDirectory() as directory:
            for name, text in files.items():
                if name.startswith(f"{trail}/seg-") and not (torn and not name.startswith(f"{trail}/seg-{0:020}")):
                    with open(os.path.join(directory, name.split("/", 1)[1]), "w", encoding="utf-8") as file:
                        file.write(text)
                        cut = [text for name, text in files.items() if name.startswith(f"{trail}/quarantine")]
                        file.write("".join(cut).removesuffix("\n") if torn else "")
            return Verifier(directory, [key] if key else [], [Checkpoint(files[f"{trail}/anchor"])] if anchored else []).run()

    for trail in ["recovered", "failed"]:
        log, prev = Tree(), ZEROS
        for record in map(json.loads, files[f"{trail}/records"].splitlines()):
            assert [h.hex() for h in log.subtrees] == record["subtrees_before"] and log.root().hex() == record["root_before"]
            with_h = f',"h":"{record["h"]}"}}'
            line, = (line for line in files[f"{trail}/{record['segment']}"].splitlines() if line.endswith(with_h))
            prev = sha(prev, line.removesuffix(with_h).encode())
            assert prev.hex() == record["h"] and sha(b"\0", line.encode()).hex() == record["leaf_hash"]
            log.push(line.encode())
    torn = verified("recovered", key, False, torn=True)
    exits = [verified("recovered", key, True).exit(True), verified("recovered", None, False).exit(False),
             verified("recovered", key, False).exit(True), torn.exit(False), torn.torn,
             verified("recovered", key, True, torn=True).exit(False),
             verified("failed", None, True).exit(True), verified("failed", key, False).exit(False)]
    assert exits == [0, 0, 3, 4, 7, 1, 0, 1], exits
    if "key/second" in files:
        second = Key(files["key/second"].strip())
        life = [verified("life", which, True) for which in [second, key, None]]
        assert [trail.exit(True) for trail in life] == [0, 1, 0], life
        assert len(life[0].accounted) == 2, life[0].accounted
        check_proof(files["life/inclusion"].removesuffix("\n") + "\n", [second], [])
        check_proof(files["life/consistency"], [second], [Checkpoint(files["life/older"])])
