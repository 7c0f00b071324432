"""A second reader of audit trails, written from docs/audit-format.md alone.

verify_trail.py DIRECTORY [--key KEY]… [--anchor FILE]… [--log NAME] [--strict]
verify_trail.py --proof FILE [--key KEY]… [--anchor FILE]
verify_trail.py --vectors DOCUMENTS

The exit code is the document's: 0 whole, 1 findings, 2 wrong command, 3 only when strict, 4 torn.
"""

import argparse
import sys

from trail_reader.forms import checkpoint_of, key_of, log_of
from trail_reader.proofs import NotProved, check_proof
from trail_reader.verify import WrongCommand, verify


def main():
    options = arguments()
    try:
        if options.vectors:
            import trail_vectors

            return trail_vectors.check(options.vectors)
        keys = [key(text) for text in options.key]
        anchors = [anchor(path) for path in options.anchor]
        if options.proof:
            return proof(read(options.proof), keys, anchors)
        report = verify(options.trail, keys, anchors, log(options.log))
    except WrongCommand as why:
        print(why, file=sys.stderr)
        return 2
    print(report)
    return report.exit_code(options.strict)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("trail", nargs="?", help="the trail's directory")
    what.add_argument("--proof", help="a file with a proof")
    what.add_argument("--vectors", help="the directory of the format's pages")
    parser.add_argument("--key", action="append", default=[], help="a verifier key, or a file with it")
    parser.add_argument("--anchor", action="append", default=[], help="a file with a checkpoint")
    parser.add_argument("--log", help="the log's name")
    parser.add_argument("--strict", action="store_true")
    return parser.parse_args()


def proof(text, keys, anchors):
    try:
        print(check_proof(text, keys, anchors[0] if anchors else None))
    except NotProved as why:
        print(f"not proved: {why}")
        return 1
    return 0


def key(text):
    found = key_of(text) or key_of(read(text).strip())
    if found is None:
        raise WrongCommand(f"no verifier key: {text}")
    return found


def anchor(path):
    checkpoint = checkpoint_of(read(path))
    if checkpoint is None:
        raise WrongCommand(f"no checkpoint: {path}")
    return checkpoint


def log(name):
    found = None if name is None else log_of(name)
    if name is not None and found is None:
        raise WrongCommand(f"no log's name: {name}")
    return found


def read(path):
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongCommand(f"{path}: {error}") from error


if __name__ == "__main__":
    sys.exit(main())
