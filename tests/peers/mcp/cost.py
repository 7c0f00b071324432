"""The tool of mcp-cost.sh: a file for `kaos mcp serve`; run with a port, a server made with FastMCP."""


def add(a: int, b: int) -> str:
    """Adds."""
    return str(a + b)


if __name__ == "__main__":
    import sys

    from fastmcp import FastMCP

    server = FastMCP("cost")
    server.tool(add)
    server.run(transport="http", host="127.0.0.1", port=int(sys.argv[1]), path="/mcp", log_level="ERROR")
