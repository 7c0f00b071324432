"""Asks an agent with OpenAI's Python client and says how many things were as they should be."""

import asyncio
import json
import sys

import openai

URL = f"http://127.0.0.1:{sys.argv[1]}/v1"
TEXT = "Twelve months, 'more' \"or\" less\n\n– Grüße 🙂"
checked = 0
asked = []  # requests that left the client


def check(what, holds):
    global checked
    if not holds:
        sys.exit(f"{what} is not so")
    checked += 1


def say(text):
    return [{"role": "user", "content": text}]


http = openai.DefaultHttpxClient(event_hooks={"request": [asked.append]})
client = openai.OpenAI(base_url=URL, api_key="s3cret", http_client=http, max_retries=1)
create = client.chat.completions.create

check("the list of models", [model.id for model in client.models.list()] == ["assistant"])

whole = create(model="assistant", messages=say("How long?"))
check("a whole answer", whole.choices[0].message.content == TEXT)
check("its reason", whole.choices[0].finish_reason == "stop")
check("its tokens", (whole.usage.prompt_tokens, whole.usage.total_tokens) == (11, 18))
check("its id", whole.id.startswith("chatcmpl-"))

stream = list(create(model="assistant", messages=say("How long?"), stream=True, stream_options={"include_usage": True}))
pieces = [chunk.choices[0].delta.content for chunk in stream if chunk.choices and chunk.choices[0].delta.content]
check("pieces", len(pieces) == 3 and "".join(pieces) == TEXT)
check("a role", stream[0].choices[0].delta.role == "assistant")
check("a reason", [chunk.choices[0].finish_reason for chunk in stream if chunk.choices][-1] == "stop")
check("tokens of a stream", stream[-1].usage.total_tokens == 18 and stream[-1].choices == [])

with client.chat.completions.stream(model="assistant", messages=say("How long?")) as events:
    check("the helper for streams", events.get_final_completion().choices[0].message.content == TEXT)

session = {"X-Session-ID": "s-1"}
raw = client.chat.completions.with_raw_response.create(model="assistant", messages=say("One?"), extra_headers=session)
check("the session comes back", raw.headers["x-session-id"] == "s-1")
check("the trace comes back", len(raw.headers["x-trace-id"]) == 32)
sent = json.loads(
    create(
        model="assistant",
        messages=say("echo"),
        extra_headers=session,
        temperature=0.5,
        max_completion_tokens=9,
        response_format={"type": "json_object"},
    )
    .choices[0]
    .message.content
)
check("the conversation goes on", [it["role"] for it in sent["messages"]] == ["system", "user", "assistant", "user"])
check("parameters", (sent["temperature"], sent["response_format"]) == (0.5, {"type": "json_object"}))
check("the limit", 9 in (sent.get("max_tokens"), sent.get("max_completion_tokens")))


def fails(kind, code, attempts, **request):
    asked.clear()
    try:
        create(**{"model": "assistant", "messages": say("Hi!"), **request})
    except openai.APIStatusError as error:
        check(f"{code} is {kind.__name__}, not {type(error).__name__}", type(error) is kind)
        check(f"{code}, not {error.code}", error.code == code)
        check(f"{code} is asked {attempts} times, not {len(asked)}", len(asked) == attempts)
        check("the inside stays inside", "sk-inside" not in str(error))
    else:
        sys.exit(f"{code} is answered")


fails(openai.BadRequestError, "unsupported_parameter", 1, n=2)
fails(openai.BadRequestError, "invalid_value", 1, messages=[])
fails(openai.BadRequestError, "model_refused_request", 1, messages=say("fail 400"))
fails(openai.InternalServerError, "model_auth", 1, messages=say("fail 401"))
wrong = openai.OpenAI(base_url=URL, api_key="wrong")
try:
    wrong.chat.completions.create(model="assistant", messages=say("Hi!"))
    sys.exit("a wrong key is answered")
except openai.AuthenticationError as error:
    check("a wrong key", error.code == "invalid_api_key")
try:
    list(create(model="assistant", messages=say("fail 400"), stream=True))
    sys.exit("a failing stream is answered")
except openai.APIError as error:
    check("an error inside a stream", error.code == "model_refused_request")


async def at_once():
    async with openai.AsyncOpenAI(base_url=URL, api_key="s3cret") as client:

        async def one():
            stream = await client.chat.completions.create(model="assistant", messages=say("How long?"), stream=True)
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])

        return await asyncio.gather(*(one() for _ in range(20)))


check("twenty streams at once", asyncio.run(at_once()) == [TEXT] * 20)
print(f"{checked} checks")
