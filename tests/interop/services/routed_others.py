"""LiteLLM, and plain requests for objects, texts and native calls, through gateway and function with a bearer token."""

import json
import os
import urllib.error
import urllib.request

import litellm

GATEWAY, TOKEN, COMPARTMENT = os.environ["GATEWAY"], os.environ["TOKEN"], os.environ["COMPARTMENT"]
NAME = "c%2B%C3%BC%20d.txt"


def ask(method, path, body=None, content_type="application/json", **headers):
    headers |= {"Authorization": f"Bearer {TOKEN}", "Content-Type": content_type}
    request = urllib.request.Request(GATEWAY + path, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


def post(path, body):
    status, answer, _ = ask("POST", path, json.dumps(body).encode())
    assert status == 200, answer
    return json.loads(answer)


model = {"servingType": "ON_DEMAND", "modelId": "cohere.embed-v4.0"}
embedding = post("/native/actions/embedText", {"compartmentId": COMPARTMENT, "servingMode": model, "inputs": ["one", "two"]})
document = {"key": "1", "text": "a good day"}
language = post("/language/actions/batchDetectLanguageSentiments", {"compartmentId": COMPARTMENT, "documents": [document]})

bytes_of = bytes(range(256)) * 20480
stored = [ask("PUT", f"/reports/{name}", body, "text/plain")[0] for name, body in ((f"a/{NAME}", bytes_of), ("empty", b""))]
whole = ask("GET", f"/reports/a/{NAME}")
part = ask("GET", f"/reports/a/{NAME}", Range="bytes=250-259")
listed = json.loads(ask("GET", "/reports")[1])["objects"]
deleted = ask("DELETE", f"/reports/a/{NAME}")[0], ask("GET", f"/reports/a/{NAME}")[0]

server = {"api_base": f"{GATEWAY}/chat/v1", "api_key": TOKEN, "max_retries": 0, "timeout": 30}
messages = [{"role": "user", "content": "Grüße 🌸"}]
chat = litellm.completion(model="openai/xai.grok-4.3", messages=messages, **server)
chunks = litellm.completion(model="openai/xai.grok-4.3", messages=messages, stream=True, **server)

print(
    json.dumps(
        {
            "embedded": [len(vector) for vector in embedding["embeddings"]],
            "sentiment": language["documents"][0]["documentSentiment"],
            "stored": stored,
            "equal": whole[1] == bytes_of,
            "part": [part[0], list(part[1]), part[2]["content-range"]],
            "listed": [one["name"] for one in listed],
            "deleted": deleted,
            "litellm": chat.choices[0].message.content,
            "litellm_streamed": "".join(chunk.choices[0].delta.content or "" for chunk in chunks),
        }
    )
)
