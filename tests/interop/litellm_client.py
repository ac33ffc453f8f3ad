"""LiteLLM, as anybody would use it: the gateway's base URL and the token are those of the environment."""

import json
import os

import litellm

server = {"api_base": os.environ["BASE_URL"], "api_key": os.environ["TOKEN"], "max_retries": 0, "timeout": 30}
model = "openai/odsc-llm"
messages = [{"role": "user", "content": "Which Iris is 6.3 3.3 6.0 2.5?"}]
chat = litellm.completion(model=model, messages=messages, **server)
chunks = list(litellm.completion(model=model, messages=messages, stream=True, **server))
embeddings = litellm.embedding(model=model, input=["an iris", "a rose"], **server)
try:
    litellm.completion(model=model, messages=[{"role": "user", "content": "x" * 20_000_000}], **server)
    refused = "done"
except litellm.APIError as error:
    refused = [error.status_code, error.message]

print(
    json.dumps(
        {
            "chat": [chat.choices[0].message.content, chat.choices[0].finish_reason],
            "streamed": "".join(chunk.choices[0].delta.content or "" for chunk in chunks),
            "streamed_finish": chunks[-1].choices[0].finish_reason,
            "dimensions": [len(one["embedding"]) for one in embeddings.data],
            "distinct": embeddings.data[0]["embedding"] != embeddings.data[1]["embedding"],
            "too_large": refused,
        }
    )
)
