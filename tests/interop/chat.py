"""OpenAI's own client, as anybody would use it, against the gateway at argv[1] with the token in argv[2] as its key."""

import json
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key=sys.argv[2], max_retries=0, timeout=30)
messages = [{"role": "user", "content": "Which Iris is 6.3 3.3 6.0 2.5?"}]

models = client.models.list()
model = models.data[0].id
chat = client.chat.completions.create(model=model, messages=messages)
chunks = list(client.chat.completions.create(model=model, messages=messages, stream=True))
embeddings = client.embeddings.create(model=model, input=["an iris", "a rose"])
try:
    client.post("/load_lora_adapter", body={"lora_name": "x", "lora_path": "y"}, cast_to=object)
    administrative = "done"
except openai.APIStatusError as error:
    administrative = error.status_code
try:
    openai.OpenAI(base_url=sys.argv[1], api_key="nobody", max_retries=0).models.list()
    stranger = "let in"
except openai.AuthenticationError as error:
    stranger = error.status_code

print(
    json.dumps(
        {
            "models": [model.id for model in models],
            "chat": chat.choices[0].message.content,
            "finish": chat.choices[0].finish_reason,
            "streamed": "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices),
            "chunks": len(chunks),
            "streamed_finish": chunks[-1].choices[0].finish_reason,
            "dimensions": [len(one.embedding) for one in embeddings.data],
            "distinct": embeddings.data[0].embedding != embeddings.data[1].embedding,
            "administrative": administrative,
            "stranger": stranger,
        }
    )
)
