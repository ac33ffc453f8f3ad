"""OpenAI's own client for Python with `stream=True`: each piece with the time at which it had it. BASE_URL, TOKEN and PROMPT are those
of the environment."""

import json
import os
import time

import openai

client = openai.OpenAI(base_url=os.environ["BASE_URL"], api_key=os.environ["TOKEN"], max_retries=0, timeout=60)
model, prompt = "odsc-llm", os.environ["PROMPT"]


def pieces(stream, text):
    return [[time.time(), text(piece)] for piece in stream]


def chat(chunk):
    return chunk.choices[0].delta.content or ""


def completion(chunk):
    return chunk.choices[0].text


def response(event):
    return event.delta if event.type == "response.output_text.delta" else ""


def all_three(prompt):
    messages = [{"role": "user", "content": prompt}]
    return {
        "chat": pieces(client.chat.completions.create(model=model, messages=messages, stream=True), chat),
        "completions": pieces(client.completions.create(model=model, prompt=prompt, stream=True), completion),
        "responses": pieces(client.responses.create(model=model, input=prompt, stream=True), response),
    }


# The first pieces are late by what the library makes of itself.
all_three("6.3 3.3 6.0 2.5")
print(json.dumps(all_three(prompt)))
