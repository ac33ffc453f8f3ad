"""Anthropic's own client for Python with `stream=True`: each event with the time at which it had it. BASE_URL, TOKEN and PROMPT are
those of the environment."""

import json
import os
import time

import anthropic

client = anthropic.Anthropic(base_url=os.environ["BASE_URL"], auth_token=os.environ["TOKEN"], max_retries=0, timeout=60)


def pieces(prompt):
    messages = [{"role": "user", "content": prompt}]
    stream = client.messages.create(model="odsc-llm", max_tokens=1000, messages=messages, stream=True)
    return [[time.time(), event.delta.text if event.type == "content_block_delta" else ""] for event in stream]


# The first pieces are late by what the library makes of itself.
pieces("6.3 3.3 6.0 2.5")
print(json.dumps({"messages": pieces(os.environ["PROMPT"])}))
