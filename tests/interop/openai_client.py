"""OpenAI's own client for Python, as anybody would use it: the gateway's base URL and the token are those of the environment."""

import json
import os

import openai

client = openai.OpenAI(base_url=os.environ["BASE_URL"], api_key=os.environ["TOKEN"], max_retries=0, timeout=30)
messages = [{"role": "user", "content": "Which Iris is 6.3 3.3 6.0 2.5?"}]
too_large = [{"role": "user", "content": "x" * 20_000_000}]


def refused(call):
    try:
        call()
        return "done"
    except openai.APIStatusError as error:
        return [error.status_code, error.message]


models = client.models.list()
model = models.data[0].id
chat = client.chat.completions.create(model=model, messages=messages)
chunks = list(client.chat.completions.create(model=model, messages=messages, stream=True))
embeddings = client.embeddings.create(model=model, input=["an iris", "a rose"])

print(
    json.dumps(
        {
            "models": [model.id for model in models],
            "chat": [chat.choices[0].message.content, chat.choices[0].finish_reason],
            "streamed": [chunk.choices[0].delta.content for chunk in chunks],
            "streamed_finish": chunks[-1].choices[0].finish_reason,
            "dimensions": [len(one.embedding) for one in embeddings.data],
            "distinct": embeddings.data[0].embedding != embeddings.data[1].embedding,
            "closed": refused(client.batches.list),
            "administrative": refused(lambda: client.post("/load_lora_adapter", body={}, cast_to=object)),
            "too_large": refused(lambda: client.chat.completions.create(model=model, messages=too_large)),
            "stranger": refused(client.with_options(api_key="nobody").models.list),
        }
    )
)
