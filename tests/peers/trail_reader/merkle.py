"""The Merkle tree of RFC 6962, section 2.1."""

from .forms import sha256

EMPTY = sha256(b"")


def leaf_of(line):
    """`line`: without its line break."""
    return sha256(b"\x00" + line)


def node(left, right):
    return sha256(b"\x01" + left + right)


class Tree:
    """A tree that grows by leaves: the roots of its complete subtrees, the largest first."""

    def __init__(self, size=0, roots=()):
        """Raises `ValueError` where there are not as many roots as bits are set in `size`."""
        if size < 0 or size.bit_count() != len(roots):
            raise ValueError("another number of subtrees")
        self.size = size
        self.roots = list(roots)

    def __eq__(self, other):
        return (self.size, self.roots) == (other.size, other.roots)

    def push(self, leaf):
        size = self.size
        while size & 1:
            leaf = node(self.roots.pop(), leaf)
            size >>= 1
        self.roots.append(leaf)
        self.size += 1

    def root(self):
        if not self.roots:
            return EMPTY
        root = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            root = node(left, root)
        return root


def root_of(leaves):
    """The root over these leaves, from the first to the last."""
    tree = Tree()
    for leaf in leaves:
        tree.push(leaf)
    return tree.root()


def _split(size):
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def root_by_inclusion(index, size, leaf, path):
    """The root that a leaf at `index` of `size` and its path (section 2.1.1) lead to, or None."""
    if index >= size:
        return None
    if size == 1:
        return None if path else leaf
    if not path:
        return None
    half = _split(size)
    if index < half:
        below = root_by_inclusion(index, half, leaf, path[:-1])
        return below and node(below, path[-1])
    below = root_by_inclusion(index - half, size - half, leaf, path[:-1])
    return below and node(path[-1], below)


def roots_by_consistency(old_size, old_root, size, path, whole=True):
    """The old and the new root that a proof (section 2.1.2) leads to, or None.

    `whole`: the old tree is one whole subtree of the tree that it is looked for in, whose root the
    proof need not name.
    """
    if old_size == size:
        if whole:
            return None if path else (old_root, old_root)
        return (path[0], path[0]) if len(path) == 1 else None
    if not path:
        return None
    half = _split(size)
    if old_size <= half:
        roots = roots_by_consistency(old_size, old_root, half, path[:-1], whole)
        return roots and (roots[0], node(roots[1], path[-1]))
    roots = roots_by_consistency(old_size - half, old_root, size - half, path[:-1], False)
    return roots and (node(path[-1], roots[0]), node(path[-1], roots[1]))


def is_consistent(old_size, old_root, size, root, path):
    """Whether the tree of `size` with `root` begins with the one of `old_size` with `old_root`."""
    if old_size > size:
        return False
    if old_size == 0:
        return not path and old_root == EMPTY
    return roots_by_consistency(old_size, old_root, size, path) == (old_root, root)
