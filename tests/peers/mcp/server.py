"""An MCP server made with the reference Python package; over HTTP where a port is given, else on
standard input and output."""

import sys

from mcp.server import MCPServer
from mcp.server.mcpserver import Context

server = MCPServer("peer")


@server.tool()
def add(a: int, b: int) -> int:
    """Adds two whole numbers."""
    return a + b


@server.tool()
def fail() -> str:
    """Fails."""
    raise ValueError("the disk is full")


@server.tool()
def meta(context: Context) -> dict[str, str]:
    """What came in the request's params._meta of the trace."""
    given = dict(context.request_context.meta or {})
    return {name: given[name] for name in ("traceparent", "tracestate") if name in given}


if len(sys.argv) > 1:
    server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
else:
    server.run()
