// npm's `@modelcontextprotocol/sdk` as a client: what it sees of the tools, as JSON. typescript_sdk.mjs URL | COMMAND…

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// Installed elsewhere than beside this file.
const { resolve } = createRequire(process.env.SDK + "/");
const load = async (name) => import(pathToFileURL(resolve(`@modelcontextprotocol/sdk/client/${name}.js`)).href);
const { Client } = await load("index");
const { StdioClientTransport } = await load("stdio");
const { StreamableHTTPClientTransport } = await load("streamableHttp");

const [first, ...rest] = process.argv.slice(2);
const transport = first.startsWith("http")
  ? new StreamableHTTPClientTransport(new URL(first))
  : new StdioClientTransport({ command: first, args: rest, env: process.env });
const client = new Client({ name: "peer", version: "1" });
await client.connect(transport);
const tools = (await client.listTools()).tools.map((tool) => tool.name).sort();
const calls = [];
for (const [name, given] of JSON.parse(process.env.CALLS)) {
  const params = { name, arguments: given, _meta: { traceparent: process.env.CALLER } };
  const result = await client.callTool(params);
  calls.push([result.isError ?? false, result.content[0].text, result.structuredContent ?? null]);
}
await client.close();
console.log(JSON.stringify({ tools, calls }));
