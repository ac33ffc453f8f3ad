"""Anthropic's own client for Python, as anybody would use it: the gateway's base URL and the token are those of the environment."""

import json
import os

import anthropic

client = anthropic.Anthropic(base_url=os.environ["BASE_URL"], auth_token=os.environ["TOKEN"], max_retries=0, timeout=30)
model = "odsc-llm"
messages = [{"role": "user", "content": "Which Iris is 6.3 3.3 6.0 2.5?"}]
too_large = [{"role": "user", "content": "x" * 20_000_000}]


def refused(call):
    try:
        call()
        return "done"
    except anthropic.APIStatusError as error:
        return [error.status_code, error.message]


message = client.messages.create(model=model, max_tokens=100, messages=messages)
with client.messages.stream(model=model, max_tokens=100, messages=messages) as stream:
    pieces = list(stream.text_stream)
    streamed_stop = stream.get_final_message().stop_reason

print(
    json.dumps(
        {
            "message": [block.text for block in message.content],
            "stop": message.stop_reason,
            "used": [message.usage.input_tokens, message.usage.output_tokens],
            "streamed": pieces,
            "streamed_stop": streamed_stop,
            "count_tokens": refused(lambda: client.messages.count_tokens(model=model, messages=messages)),
            "too_large": refused(lambda: client.messages.create(model=model, max_tokens=100, messages=too_large)),
        }
    )
)
