"""The trail's own records: which fields they have, and of which form."""

from .forms import HASH, MAX_NUMBER, Number, Unreadable, checkpoint_of, key_of, log_of, number_of

OWN = b'{"type":"trail_'
TURN_ENDS = ("complete", "error", "cancelled", "suspended")


def _text(value):
    return isinstance(value, str) and not isinstance(value, Number)


def _matching(form):
    return lambda value: _text(value) and form(value)


def _number(limit=MAX_NUMBER):
    def is_number(value):
        return isinstance(value, Number) and number_of(value) is not None and int(value) <= limit

    return is_number


_hash = _matching(HASH.fullmatch)
_log = _matching(log_of)
_key = _matching(key_of)
_small = _number(2**32 - 1)
_any = _number()


def _hashes(value):
    return isinstance(value, list) and all(map(_hash, value))


# Of each type its fields; one with a question mark may be absent.
FIELDS = {
    "trail_segment": {
        "format": _small,
        "schema": _small,
        "log": _log,
        "cause": _text,
        "prev": _hash,
        "tree": _hashes,
        "policy": _text,
        "host": _text,
        "pid": _small,
        "key?": _key,
        "former?": _key,
    },
    "trail_checkpoint": {
        "note": _matching(checkpoint_of),
        "seal?": lambda value: isinstance(value, bool),
    },
    "trail_recovery": {
        "found": _text,
        "segment": _text,
        "from_seq": _any,
        "offset": _any,
        "bytes": _any,
        "quarantine?": _text,
    },
    "trail_gap": {
        "reason": _text,
        "lost": _any,
        "unrecorded_effects": _any,
        "waiting?": _any,
    },
    "trail_key": {"from": _key, "key": _key},
    "trail_accept": {"from": _any, "to": _any, "root": _hash, "reason": _text, "who": _text},
    "trail_retention": {"to": _any, "log": _log, "root": _hash, "segments": _any},
}


def check_own(record):
    """Raises `Unreadable` if an own record of a known type has a field of another form."""
    fields = FIELDS.get(record["type"]) if _text(record["type"]) else None
    if fields is None:
        return
    for name, has_form in {"time_unix_nano": _text, **fields}.items():
        key = name.rstrip("?")
        if key in record and not has_form(record[key]):
            raise Unreadable(f"its {key} has not its form")
        if key == name and key not in record:
            raise Unreadable(f"it has no {key}")


def ends_turn(event):
    """Whether an event is the end of a turn, or of a call that is a run of its own."""
    return (
        event.get("type") == "span"
        and event.get("subject") in ("turn", "served_call")
        and event.get("phase") in TURN_ENDS
    )
