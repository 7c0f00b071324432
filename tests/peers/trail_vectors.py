"""The examples of docs/audit-format.md and of version 1, read by verify_trail.py."""

import base64
import json
import os
import re
import tempfile

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from trail_reader.forms import checkpoint_of, key_of, sha256
from trail_reader.merkle import Tree, leaf_of
from trail_reader.proofs import check_proof
from trail_reader.verify import verify


def check(directory):
    """The examples of both versions, and what their pages say about them."""
    for document in ["audit-format-1.md", "audit-format.md"]:
        examples(os.path.join(directory, document))
    print("the documents' examples are as they say")
    return 0


def examples(document):
    with open(document, encoding="utf-8") as file:
        files = dict(re.findall(r"^```text (\S+/\S+)\n(.*?\n)```$", file.read(), re.DOTALL | re.MULTILINE))
    key = key_of(files["key/verifier"].strip())
    name, identity, data = files["key/secret"].strip().removeprefix("PRIVATE+KEY+").split("+", 2)
    secret = Ed25519PrivateKey.from_private_bytes(base64.b64decode(data)[1:])
    assert secret.public_key().public_bytes_raw() == key.public and (name, identity) == (key.name, key.id.hex())

    def verified(trail, key, anchored, torn=False):
        with tempfile.TemporaryDirectory() as directory:
            for name, text in files.items():
                if name.startswith(f"{trail}/seg-") and not (torn and not name.startswith(f"{trail}/seg-{0:020}")):
                    with open(os.path.join(directory, name.split("/", 1)[1]), "w", encoding="utf-8") as file:
                        file.write(text)
                        cut = [text for name, text in files.items() if name.startswith(f"{trail}/quarantine")]
                        file.write("".join(cut).removesuffix("\n") if torn else "")
            anchors = [checkpoint_of(files[f"{trail}/anchor"])] if anchored else []
            return verify(directory, [key] if key else [], anchors)

    for trail in ["recovered", "failed"]:
        log, prev = Tree(), bytes(32)
        for record in map(json.loads, files[f"{trail}/records"].splitlines()):
            assert [h.hex() for h in log.roots] == record["subtrees_before"] and log.root().hex() == record["root_before"]
            with_h = f',"h":"{record["h"]}"}}'
            line, = (line for line in files[f"{trail}/{record['segment']}"].splitlines() if line.endswith(with_h))
            prev = sha256(prev + line.removesuffix(with_h).encode())
            assert prev.hex() == record["h"] and leaf_of(line.encode()).hex() == record["leaf_hash"]
            log.push(leaf_of(line.encode()))
    torn = verified("recovered", key, False, torn=True)
    exits = [verified("recovered", key, True).exit_code(True), verified("recovered", None, False).exit_code(False),
             verified("recovered", key, False).exit_code(True), torn.exit_code(False), torn.torn,
             verified("recovered", key, True, torn=True).exit_code(False),
             verified("failed", None, True).exit_code(True), verified("failed", key, False).exit_code(False)]
    assert exits == [0, 0, 3, 4, 7, 1, 0, 1], exits
    if "key/second" in files:
        second = key_of(files["key/second"].strip())
        life = [verified("life", which, True) for which in [second, key, None]]
        assert [trail.exit_code(True) for trail in life] == [0, 1, 0], life
        assert len(life[0].accounted) == 2, life[0].accounted
        check_proof(files["life/inclusion"].removesuffix("\n") + "\n", [second], None)
        check_proof(files["life/consistency"], [second], checkpoint_of(files["life/older"]))
