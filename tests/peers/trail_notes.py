"""Hashes, trees, keys, checkpoints and proofs of docs/audit-format.md."""

import base64
import hashlib
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ZEROS = bytes(32)


def sha(*pieces):
    return hashlib.sha256(b"".join(pieces)).digest()


def leaf_of(line):
    return sha(b"\0", line)


def node_of(left, right):
    return sha(b"\1", left, right)


class Tree:
    """RFC 6962, as the roots of complete subtrees."""

    def __init__(self, size=0, subtrees=()):
        if size < 0 or size.bit_count() != len(subtrees):
            raise ValueError("not the subtrees of so many records")
        self.size, self.subtrees = size, list(subtrees)

    def copy(self):
        return Tree(self.size, self.subtrees)

    def __eq__(self, other):
        return (self.size, self.subtrees) == (other.size, other.subtrees)

    def push(self, line):
        node, size = leaf_of(line), self.size
        while size & 1:
            node, size = node_of(self.subtrees.pop(), node), size >> 1
        self.subtrees.append(node)
        self.size += 1

    def root(self):
        if not self.subtrees:
            return sha()
        root = self.subtrees[-1]
        for left in reversed(self.subtrees[:-1]):
            root = node_of(left, root)
        return root


class Key:
    def __init__(self, text):
        self.text = text
        self.name, identity, data = text.split("+", 2)
        data = base64.b64decode(data, validate=True)
        self.id = sha(self.name.encode(), b"\n", data)[:4]
        if len(data) != 33 or data[0] != 1 or self.id.hex() != identity or not 1 <= len(self.name) <= 64 or re.search(r"\s", self.name):
            raise ValueError("no verifier key")
        self.public = Ed25519PublicKey.from_public_bytes(data[1:])

    def __eq__(self, other):
        return isinstance(other, Key) and self.text == other.text

    def signed(self, checkpoint):
        for name, data in checkpoint.signatures:
            if name == self.name and data[:4] == self.id:
                try:
                    self.public.verify(data[4:], checkpoint.text.encode())
                    return True
                except InvalidSignature:
                    pass
        return False


class Checkpoint:
    def __init__(self, note):
        self.text, self.signatures = note, []
        if "\n\n" in note:
            self.text, signatures = note.split("\n\n", 1)
            self.text += "\n"
            for line in signatures.removesuffix("\n").split("\n"):
                dash, name, data = line.split(" ")
                self.signatures.append((name, base64.b64decode(data, validate=True)))
        self.log, size, root = self.text.removesuffix("\n").split("\n")
        named = re.fullmatch(r"(kaos-trail/(?!0{32})[0-9a-f]{32})(?:/([1-9]\d*))?", self.log)
        if not named or not re.fullmatch(r"\d{1,20}", size):
            raise ValueError("no checkpoint of a trail")
        self.trail, base = named.groups("0")
        self.base, self.size, self.root = int(base), int(size), base64.b64decode(root, validate=True)
        self.end = self.base + self.size
        again = f"{self.log}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"
        if self.signatures:
            again += "\n" + "".join(f"— {name} {base64.b64encode(data).decode()}\n" for name, data in self.signatures)
        if again != note or len(self.root) != 32:
            raise ValueError("not in its one text form")


def check_proof(text, keys, anchors):
    """What a proof proves; ValueError if it is none."""
    head, note = text.split("\n\n", 1)
    checkpoint = Checkpoint(note)
    if not any(key.signed(checkpoint) for key in keys):
        raise ValueError("no key given signed its checkpoint")
    lines = head.split("\n")
    if lines[0] == "c2sp.org/tlog-proof@v1":
        line = base64.b64decode(lines[1].removeprefix("extra "), validate=True)
        index = int(lines[2].removeprefix("index "))
        path = [base64.b64decode(hash, validate=True) for hash in lines[3:]]
        if not 0 <= index < checkpoint.size or included(index, checkpoint.size, leaf_of(line), path) != checkpoint.root or path:
            raise ValueError("the record is not in the tree")
        return line.decode()
    old = int(lines[0].removeprefix("old "))
    path = [base64.b64decode(hash, validate=True) for hash in lines[1:]]
    for anchor in anchors:
        if (anchor.log, anchor.size) == (checkpoint.log, old) and old <= checkpoint.size:
            roots = (anchor.root, checkpoint.root) if not old else grown(old, checkpoint.size, True, anchor.root, path)
            if roots == (anchor.root, checkpoint.root) and not path:
                return f"{checkpoint.log} grew from {old} to {checkpoint.size} records"
    raise ValueError("it does not continue a checkpoint that was given")


def half(size):
    return 1 << (size - 1).bit_length() - 1


def included(index, size, leaf, path):
    """The root, by RFC 6962, section 2.1.1; takes the hashes off the path."""
    if size == 1:
        return leaf
    left = half(size)
    if index < left:
        node = included(index, left, leaf, path)
        return node_of(node, path.pop(0))
    node = included(index - left, size - left, leaf, path)
    return node_of(path.pop(0), node)


def grown(old, size, known, root, path):
    """Both roots, by RFC 6962, section 2.1.2."""
    if old == size:
        node = root if known else path.pop(0)
        return node, node
    left = half(size)
    if old <= left:
        of_old, node = grown(old, left, known, root, path)
        return of_old, node_of(node, path.pop(0))
    of_old, node = grown(old - left, size - left, False, root, path)
    sibling = path.pop(0)
    return node_of(sibling, of_old), node_of(sibling, node)
