import math
import os
import sys
import time

FACTOR = 2


def _hidden():
    return "hidden"


def twice(x: int) -> int:
    """Doubles, with a constant of the module."""
    print("doubling", x)
    return FACTOR * x


async def later(ms: int = 1) -> dict:
    return {"waited": ms}


def where() -> str:
    return os.environ.get("TRACEPARENT", "")


def raises(text: str) -> str:
    raise ValueError("not " + text)


def holds():
    return {"it": object()}


def forever():
    while True:
        math.sqrt(2)


def eats():
    eaten = []
    while True:
        eaten.append(bytearray(16 << 20))


def prints(mib: int):
    for _ in range(mib * 256):
        sys.stdout.write("x" * 4095 + "\n")
    return "printed"


def forks():
    if os.fork() == 0:
        return "the child"
    return "the parent"


def kills():
    os.kill(os.getpid(), 9)


def exits():
    sys.exit(3)


def sleeps(seconds: float) -> str:
    time.sleep(seconds)
    return "slept"


def pid() -> int:
    return os.getpid()
