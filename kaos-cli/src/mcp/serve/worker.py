"""Runs the functions of one file as tools, one call at a time, for the process that started it.

Messages are JSON behind their length (four bytes, the highest first), on pipes that the functions do not
see: what they read is empty, what they print goes to the standard error.
"""

import ast
import asyncio
import base64
import contextlib
import dataclasses
import enum
import inspect
import json
import os
import signal
import struct
import sys
import threading
import time
import traceback
import types
import typing

NONE = type(None)
CONTEXT = ("TRACEPARENT", "TRACESTATE", "BAGGAGE")


class Pipes:
    """To and from the process that started this one."""

    def __init__(self):
        self.pid = os.getpid()
        self.asked, self.told = os.dup(0), os.dup(1)
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(2, 1)

    def read(self, size):
        read = b""
        while len(read) < size:
            more = os.read(self.asked, size - len(read))
            if not more:
                os._exit(0)
            read += more
        return read

    def ask(self):
        (size,) = struct.unpack(">I", self.read(4))
        return json.loads(self.read(size))

    def tell(self, message):
        self.send(encoded(message))

    def send(self, text):
        rest = struct.pack(">I", len(text)) + text
        while rest:
            rest = rest[os.write(self.told, rest) :]


def encoded(message):
    return json.dumps(message, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


# What a type is as a JSON Schema.


def schema_of(hint, defs):
    """The schema of a type; an empty one, which everything fits, where it is of no known kind."""
    plain = {str: "string", bool: "boolean", int: "integer", float: "number", NONE: "null", None: "null"}
    try:
        if hint in plain:
            return {"type": plain[hint]}
    except TypeError:
        return {}
    origin, of = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        schema = schema_of(of[0], defs)
        said = next((it for it in of[1:] if isinstance(it, str)), None)
        said = said or next((it.description for it in of[1:] if isinstance(getattr(it, "description", None), str)), None)
        return {**schema, "description": said} if said else schema
    if origin in (typing.Union, getattr(types, "UnionType", typing.Union)):
        return {"anyOf": [schema_of(it, defs) for it in of]}
    if origin is typing.Literal:
        return {"enum": [it.value if isinstance(it, enum.Enum) else it for it in of]}
    if hint in (list, set, frozenset, tuple):
        return {"type": "array"}
    if origin in (list, set, frozenset) or (isinstance(origin, type) and origin.__name__ in ("Sequence", "Iterable", "Collection")):
        unique = {"uniqueItems": True} if origin in (set, frozenset) else {}
        return {"type": "array", "items": schema_of(of[0], defs), **unique}
    if origin is tuple:
        if len(of) == 2 and of[1] is Ellipsis:
            return {"type": "array", "items": schema_of(of[0], defs)}
        each = [schema_of(it, defs) for it in of]
        return {"type": "array", "prefixItems": each, "minItems": len(each), "maxItems": len(each)}
    if hint is dict:
        return {"type": "object"}
    if origin is dict or (isinstance(origin, type) and origin.__name__ in ("Mapping", "MutableMapping")):
        return {"type": "object", "additionalProperties": schema_of(of[1], defs)}
    if isinstance(hint, type):
        return schema_of_class(hint, defs)
    return {}


def schema_of_class(hint, defs):
    if issubclass(hint, enum.Enum):
        return {"enum": [it.value for it in hint]}
    if hasattr(hint, "model_json_schema"):
        schema = hint.model_json_schema(ref_template="#/$defs/{model}")
        defs.update(schema.pop("$defs", {}))
        return schema
    typed = typing.is_typeddict(hint) if hasattr(typing, "is_typeddict") else False
    if not dataclasses.is_dataclass(hint) and not typed:
        return {}
    name = hint.__name__
    if name not in defs:
        defs[name] = {}
        fields, required = {}, []
        hints = typing.get_type_hints(hint, include_extras=True)
        if typed:
            fields = {key: schema_of(of, defs) for key, of in hints.items()}
            required = sorted(getattr(hint, "__required_keys__", ()))
        else:
            for field in dataclasses.fields(hint):
                if not field.init:
                    continue
                fields[field.name] = schema_of(hints.get(field.name, typing.Any), defs)
                if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                    required.append(field.name)
        defs[name] = {"type": "object", "properties": fields, **({"required": required} if required else {})}
    return {"$ref": "#/$defs/" + name}


def hints_of(function):
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception:
        return {}


def jsonable(value):
    try:
        json.dumps(value, allow_nan=False)
        return True
    except Exception:
        return False


class Tool:
    """A function, and what clients are told about it."""

    def __init__(self, function):
        self.function, self.name = function, function.__name__
        self.hints, self.rest = hints_of(function), None
        fields, required, defs = {}, [], {}
        for name, of in inspect.signature(function).parameters.items():
            if of.kind is of.VAR_POSITIONAL:
                continue
            if of.kind is of.POSITIONAL_ONLY:
                raise TypeError(f"the parameter {name} cannot be given by name")
            if of.kind is of.VAR_KEYWORD:
                self.rest = name
                continue
            fields[name] = schema_of(self.hints.get(name, typing.Any), defs)
            if of.default is of.empty:
                required.append(name)
            elif jsonable(of.default):
                fields[name] = {**fields[name], "default": of.default}
        self.schema = {"type": "object", "properties": fields}
        if required:
            self.schema["required"] = required
        if defs:
            self.schema["$defs"] = defs
        if self.rest is None:
            self.schema["additionalProperties"] = False
        self.output, self.wrapped = self.output_schema()

    def output_schema(self):
        if "return" not in self.hints or self.hints["return"] is NONE:
            return None, False
        defs = {}
        schema = schema_of(self.hints["return"], defs)
        if not schema:
            return None, False
        ref = schema.get("$ref", "").rsplit("/", 1)[-1]
        if schema.get("type") == "object" or ref in defs:
            schema = {**defs.get(ref, {}), **schema}
            schema.pop("$ref", None)
            return ({**schema, "$defs": defs} if defs else schema), False
        schema = {"type": "object", "properties": {"result": schema}, "required": ["result"]}
        return ({**schema, "$defs": defs} if defs else schema), True

    def about(self):
        return {
            "name": self.name,
            "description": inspect.getdoc(self.function) or "",
            "inputSchema": self.schema,
            "outputSchema": self.output,
        }

    def call(self, arguments):
        given = {name: made(value, self.hints.get(name)) for name, value in arguments.items()}
        result = self.function(**given)
        if inspect.isawaitable(result):
            async def wait():
                return await result

            result = asyncio.run(wait())
        return parts_of(result, self.wrapped)


def made(value, hint):
    """The value as the type that a function asks for: dataclasses, models, enums and sets of JSON."""
    origin, of = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return made(value, of[0])
    if origin in (typing.Union, getattr(types, "UnionType", typing.Union)):
        if value is None and NONE in of:
            return None
        for one in of:
            if one is NONE:
                continue
            with contextlib.suppress(Exception):
                result = made(value, one)
                if fits(result, one):
                    return result
        return value
    if origin in (list, set, frozenset, tuple) and isinstance(value, list):
        kinds = of if origin is tuple and Ellipsis not in of else (of[0],) * len(value)
        return origin(made(it, kind) for it, kind in zip(value, kinds))
    if origin is dict and isinstance(value, dict):
        return {key: made(it, of[1]) for key, it in value.items()}
    if not isinstance(hint, type):
        return value
    if hint in (set, frozenset, tuple) and isinstance(value, list):
        return hint(value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if issubclass(hint, enum.Enum):
        return hint(value)
    if hasattr(hint, "model_validate"):
        return hint.model_validate(value)
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        hints = hints_of(hint)
        return hint(**{name: made(it, hints.get(name)) for name, it in value.items()})
    return value


def fits(value, hint):
    plain = typing.get_origin(hint) or hint
    if plain is typing.Literal:
        return value in typing.get_args(hint)
    if not isinstance(plain, type):
        return True
    if isinstance(value, bool) and plain in (int, float):
        return False
    return isinstance(value, plain)


# What a function gives back, as parts of a result.


def simple(value):
    """What JSON can hold of what a function gave back."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {it.name: simple(getattr(value, it.name)) for it in dataclasses.fields(value)}
    if isinstance(value, enum.Enum):
        return simple(value.value)
    if isinstance(value, dict):
        held = {}
        for key, it in value.items():
            if not isinstance(key, (str, int, float, bool, NONE)):
                raise TypeError(f"a key of the result is of type {type(key).__name__}, which JSON cannot hold")
            text = whole(key if isinstance(key, str) else json.dumps(key))
            if text in held:
                raise TypeError(f"two keys of the result are {text!r} in JSON, whose keys are texts")
            held[text] = simple(it)
        return held
    if isinstance(value, (list, tuple, set, frozenset)):
        return [simple(it) for it in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise TypeError("the result holds an integer of more than 64 bits, which is no number to others; give it as a text")
    if isinstance(value, str):
        return whole(value)
    if value is None or isinstance(value, (int, float, bool)):
        return value
    raise TypeError(f"the result holds a {type(value).__name__}, which JSON cannot hold")


def whole(text):
    try:
        text.encode()
    except UnicodeEncodeError:
        raise TypeError("the result holds half a character (a surrogate), which is no text to others") from None
    return text


def parts_of(result, wrapped):
    if result is None:
        return {"content": [], "structured": {"result": None} if wrapped else None}
    if isinstance(result, (bytes, bytearray)):
        return {"content": [blob(bytes(result))], "structured": None}
    kind = media_kind(result)
    if kind:
        return {"content": [kind], "structured": None}
    value = simple(result)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    structured = {"result": value} if wrapped else value if isinstance(value, dict) else None
    return {"content": [{"type": "text", "text": text}], "structured": structured}


def blob(data):
    for start, kind in ((b"\x89PNG", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF8", "gif")):
        if data.startswith(start):
            return {"type": "image", "mime": "image/" + kind, "data": base64.b64encode(data).decode()}
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return {"type": "audio", "mime": "audio/wav", "data": base64.b64encode(data).decode()}
    raise TypeError("the result is bytes of no known kind: PNG, JPEG, GIF and WAVE are")


def media_kind(result):
    """Objects that save themselves as an image, as those of PIL do."""
    if not (hasattr(result, "save") and hasattr(result, "mode") and hasattr(result, "tobytes")):
        return None
    import io

    file = io.BytesIO()
    result.save(file, "PNG")
    return blob(file.getvalue())


# The file.


class NoTool(Exception):
    """What a file has is no tool: where, and why."""

    def __init__(self, name, function, why):
        code = getattr(function, "__code__", None)
        line = f", line {code.co_firstlineno}" if code else ""
        super().__init__(f'  File "{name}"{line}\n{why}')


def load(source, name):
    module = types.ModuleType("__kaos_tools__")
    module.__file__ = name
    sys.modules[module.__name__] = module
    if os.path.exists(name):
        sys.path.insert(0, os.path.dirname(os.path.abspath(name)))
    lines = source.splitlines(keepends=True)
    import linecache

    linecache.cache[name] = (len(source), None, lines, name)
    tree = ast.parse(source, name)
    exec(compile(tree, name, "exec"), module.__dict__)
    listed = getattr(module, "__all__", None)
    if listed is not None:
        if not isinstance(listed, (list, tuple)) or not all(isinstance(it, str) for it in listed):
            raise NoTool(name, None, "__all__ is no list of names")
        for key in listed:
            if not inspect.isroutine(getattr(module, key, None)):
                raise NoTool(name, None, f"__all__ names {key}, which is no function of the file")
    tools = {}
    for key, value in list(vars(module).items()):
        own = inspect.isfunction(value) and value.__module__ == module.__name__
        if (key in listed if listed is not None else own and not key.startswith("_")) and inspect.isroutine(value):
            try:
                tool = Tool(value)
                encoded(tool.about())
            except Exception as error:
                raise NoTool(name, value, f"{key} cannot be a tool: {error}") from None
            tool.name = key
            tools[key] = tool
    return tools


def told_of(error, own):
    """An exception, and where it was thrown, from the file on: what is above is not the user's."""
    trace = error.__traceback__
    while trace is not None and own and trace.tb_frame.f_code.co_filename != own:
        trace = trace.tb_next
    message, lines = "", []
    # An exception may have been made so that it cannot be shown.
    with contextlib.suppress(Exception):
        message = str(error)
    with contextlib.suppress(Exception):
        lines = traceback.format_exception(type(error), error, trace)
    return {
        "type": type(error).__qualname__[:256],
        "message": message[:65536],
        "stacktrace": "".join(lines)[-65536:],
    }


def limit_memory(most):
    if not most:
        return
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def said(mark):
    """Marks the end of what was printed."""
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    with contextlib.suppress(OSError):
        os.write(2, ("\n" + mark + "\n").encode())


def end_with(parent):
    """Ends this process and all that it started when the one that started it is gone."""

    def watch():
        while os.getppid() == parent:
            time.sleep(0.5)
        with contextlib.suppress(OSError):
            os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def main():
    pipes = Pipes()
    # A line on every write: what was printed is there when a call ends.
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
    sys.stdin = open(0, encoding="utf-8", closefd=False)
    begin = pipes.ask()
    pipes.tell(None)
    name, mark = begin["name"], begin["mark"]
    sys.argv = [name]
    if hasattr(os, "killpg"):
        end_with(os.getppid())
    limit_memory(begin.get("memory"))
    try:
        tools = load(begin["source"], name)
        about = [tool.about() for tool in tools.values()]
        said(mark)
        pipes.tell({"tools": about})
    except BaseException as error:
        if isinstance(error, NoTool):
            text = str(error)
        elif isinstance(error, SyntaxError):
            text = "".join(traceback.format_exception_only(type(error), error))
            text = text if error.filename else f'  File "{name}"\n{text}'
        else:
            text = told_of(error, name)["stacktrace"]
        pipes.tell({"failed": {"type": type(error).__qualname__, "text": text}})
        return
    while True:
        call = pipes.ask()
        # From here on it is unknown what a call has done, if this process ends.
        pipes.tell(None)
        try:
            for variable in CONTEXT:
                os.environ.pop(variable, None)
            os.environ.update(call.get("context") or {})
            answer = tools[call["tool"]].call(call["arguments"])
            if os.getpid() == pipes.pid:
                # Here, so that what cannot be sent is the call's failure.
                text = encoded(answer)
                if len(text) > begin["most"]:
                    raise ValueError(f"the result has {len(text)} bytes, and {begin['most']} is the most")
        except MemoryError:
            text = encoded({"error": {"type": "MemoryError", "message": "out of memory", "stacktrace": ""}})
        except SystemExit as error:
            text = encoded({"error": {**told_of(error, name), "message": f"the tool called sys.exit({error.code!r})"}})
        except BaseException as error:
            text = encoded({"error": told_of(error, name)})
        if os.getpid() != pipes.pid:
            # A child that came back from its function: the answer is its parent's.
            os._exit(0)
        said(mark)
        pipes.send(text)


main()
