"""PyPI's `mcp` as a client: what it sees of the tools, as JSON. python_mcp.py URL | COMMAND…"""

import asyncio
import json
import os
import sys

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters

CALLS = json.loads(os.environ["CALLS"])
META = {"traceparent": os.environ["CALLER"]}


def address():
    if sys.argv[1].startswith("http"):
        return sys.argv[1]
    return StdioServerParameters(command=sys.argv[1], args=sys.argv[2:], env=dict(os.environ))


async def main():
    async with Client(address()) as client:
        tools = (await client.list_tools()).tools
        seen = {"tools": sorted(tool.name for tool in tools), "calls": []}
        for name, arguments in CALLS:
            result = await client.call_tool(name, arguments, meta=META)
            seen["calls"].append([bool(result.is_error), result.content[0].text, result.structured_content])
    print(json.dumps(seen))


asyncio.run(main())
