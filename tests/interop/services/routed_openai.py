"""OpenAI's client through gateway and function, with a bearer token: chats, and all that a project keeps."""

import io
import json
import os

import openai

GATEWAY, PROJECT = os.environ["GATEWAY"], os.environ["PROJECT"]
BYTES = b"\r\n--frontier\r\n\xff\x00 the quick brown fox"
messages = [{"role": "user", "content": "Grüße 🌸"}]
model = "xai.grok-4.3"


def client(alias, **options):
    return openai.OpenAI(base_url=f"{GATEWAY}/{alias}/v1", api_key=os.environ["TOKEN"], max_retries=0, timeout=30, **options)


def refused(call):
    try:
        call()
    except openai.APIStatusError as error:
        return [error.status_code, error.code]
    raise AssertionError("it did not fail")


chat, own = client("chat"), client("llm", project=PROJECT)
whole = chat.chat.completions.create(model=model, messages=messages)
chunks = list(chat.chat.completions.create(model=model, messages=messages, stream=True, stream_options={"include_usage": True}))
first = own.responses.create(model=model, input="one")
second = own.responses.create(model=model, input="two", previous_response_id=first.id)
streamed = [event.type for event in own.responses.create(model=model, input="three", stream=True)]
items = own.responses.input_items.list(first.id).data
own.responses.delete(first.id)

message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "one"}]}
conversation = own.conversations.create(items=[message])
continued = own.responses.create(model=model, input="two", conversation=conversation.id)

file = own.files.create(file=("fox.bin", io.BytesIO(BYTES)), purpose="assistants")
text = own.files.create(file=("fox.txt", io.BytesIO(b"a quick fox")), purpose="assistants")
store = client("stores", project=PROJECT).vector_stores.create(name="animals")
own.vector_stores.files.create(store.id, file_id=text.id)

print(
    json.dumps(
        {
            "chat": [whole.choices[0].message.content, whole.usage.total_tokens],
            "streamed": "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices),
            "used": chunks[-1].usage.total_tokens,
            "response": second.output_text,
            "response_streamed": [streamed[0], streamed[-1]],
            "items": [item.content[0].text for item in items],
            "deleted": refused(lambda: own.responses.retrieve(first.id))[0],
            "conversation": continued.output_text,
            "file": own.files.content(file.id).read() == BYTES,
            "found": [one.filename for one in own.vector_stores.search(store.id, query="quick")],
            "other_model": refused(lambda: chat.chat.completions.create(model="openai.gpt-5.2", messages=messages))[0],
            "closed": refused(chat.models.list)[0],
            "stranger": refused(lambda: chat.with_options(api_key="nobody").models.list())[0],
        }
    )
)
