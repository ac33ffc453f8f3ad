"""The Model Context Protocol's own library for Python, over streamable HTTP: each report of progress with the time at which it had it.
BASE_URL, TOKEN and PROMPT are those of the environment."""

import asyncio
import json
import os
import time

import httpx2
from mcp.client import ClientSession
from mcp.client.streamable_http import streamable_http_client


async def main():
    pieces = []

    async def progress(done, total, message):
        pieces.append([time.time(), message])

    headers = {"authorization": f"Bearer {os.environ['TOKEN']}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        streamable_http_client(f"{os.environ['BASE_URL']}/mcp", http_client=http) as (read, write),
        ClientSession(read, write) as session,
    ):
        opened = await session.initialize()
        tools = await session.list_tools()
        result = await session.call_tool("classify", {"text": os.environ["PROMPT"]}, progress_callback=progress)
    print(
        json.dumps(
            {
                "server": opened.server_info.name,
                "tools": [tool.name for tool in tools.tools],
                "progress": pieces,
                "result": [content.text for content in result.content],
            }
        )
    )


asyncio.run(main())
