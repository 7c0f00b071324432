"""PyPI's `fastmcp` as a client: what it sees of the tools, as JSON. python_fastmcp.py URL | COMMAND…"""

import asyncio
import json
import os
import sys

from fastmcp import Client
from fastmcp.client.transports import StdioTransport

CALLS = json.loads(os.environ["CALLS"])
META = {"traceparent": os.environ["CALLER"]}


def address():
    if sys.argv[1].startswith("http"):
        return sys.argv[1]
    return StdioTransport(command=sys.argv[1], args=sys.argv[2:], env=dict(os.environ))


async def main():
    async with Client(address()) as client:
        tools = await client.list_tools()
        seen = {"tools": sorted(tool.name for tool in tools), "calls": []}
        for name, arguments in CALLS:
            result = await client.call_tool(name, arguments, meta=META, raise_on_error=False)
            seen["calls"].append([bool(result.is_error), result.content[0].text, result.structured_content])
    print(json.dumps(seen))


asyncio.run(main())
