"""OpenAI's client, which repeats calls by itself, through gateway and function to a service that fails."""

import json
import os

import openai

client = openai.OpenAI(base_url=f"{os.environ['GATEWAY']}/chat/v1", api_key=os.environ["TOKEN"], max_retries=2, timeout=30)
messages = [{"role": "user", "content": "Grüße 🌸"}]
model = "xai.grok-4.3"

try:
    client.chat.completions.create(model=model, messages=messages, stream=True)
    raise AssertionError("it did not fail")
except openai.InternalServerError as error:
    own = [error.status_code, error.code]

whole = client.chat.completions.create(model=model, messages=messages)
print(json.dumps({"own": own, "of_the_service": whole.choices[0].message.content}))
