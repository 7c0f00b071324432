import math
import os
import sys
import time

FACTOR = 2
FULL = []


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


def fills(mib: int) -> int:
    """Holds so much from now on, and says which process does."""
    FULL.append(os.urandom(1 << 20) * mib)
    return os.getpid()


def leaves_and_dies():
    """A child that leaves the group holds the worker's pipes open."""
    if os.fork() == 0:
        os.setsid()
        time.sleep(20)
        os._exit(0)
    os.kill(os.getpid(), 9)


def kills(note: str = ""):
    if note:
        with open(note, "a") as file:
            file.write("begun\n")
    os.kill(os.getpid(), 9)


def exits():
    sys.exit(3)


def sleeps(seconds: float) -> str:
    time.sleep(seconds)
    return "slept"


def lasts(note: str):
    """Says who it is, and does not end."""
    with open(note + ".part", "w") as file:
        file.write(str(os.getpid()))
    os.rename(note + ".part", note)
    time.sleep(600)


def pid() -> int:
    return os.getpid()
