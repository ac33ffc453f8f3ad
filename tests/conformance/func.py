"""The function of the conformance protocol (docs/conformance.md) on the Fn project's kit for Python."""

import asyncio
import json
import logging
import os
import sys
import time
import urllib.parse

from fdk import response


def cannot(ctx, reason):
    return response.Response(ctx, json.dumps({"cannot": reason}), {"Content-Type": "application/json"})


def echo(ctx, body, status=200, headers=None):
    headers = {"Content-Type": "application/octet-stream"} if headers is None else headers
    return response.Response(ctx, body, headers, status)


def pairs(headers):
    for name, value in (headers or {}).items():
        for one in value if isinstance(value, list) else [value]:
            yield [name, one]


def tracing(ctx):
    seen = ctx.TracingContext()
    return {
        "enabled": bool(seen.is_tracing_enabled()),
        "traceId": seen.trace_id(),
        "spanId": seen.zipkin_attrs().span_id,
        "parentSpanId": seen.zipkin_attrs().parent_span_id,
        "sampled": bool(seen.is_sampled()),
        "serviceName": seen.service_name(),
    }


def context(ctx):
    url = urllib.parse.urlsplit(ctx.RequestURL() or "/")
    headers = dict(ctx.Headers() or {})
    gateway = bool(ctx.HTTPHeaders())
    content_type = headers.get("content-type")
    content_type = content_type[0] if isinstance(content_type, list) else content_type
    memory = os.environ.get("FN_MEMORY", "")
    return {
        "conformance": 1,
        "gateway": gateway,
        "callId": ctx.CallID(),
        "deadline": ctx.Deadline(),
        "contentType": content_type,
        "mediaType": content_type.split(";")[0].strip().lower() if content_type else None,
        "method": ctx.Method() or "POST",
        "path": url.path,
        "query": url.query,
        "headers": list(pairs(ctx.HTTPHeaders() if gateway else headers)),
        "platform": list(pairs(headers)),
        "config": {name: value for name, value in ctx.Config().items() if name.startswith("CONFORMANCE_")},
        "fnName": ctx.FnName(),
        "appName": ctx.AppName(),
        "memory": int(memory) if memory.isdecimal() else None,
        "tracing": tracing(ctx),
    }


async def handler(ctx, data=None):
    body = data.getvalue() if data else b""
    asked = (ctx.Headers() or {}).get("conformance")
    if asked is None:
        return echo(ctx, body)
    ask = json.loads(asked)
    do = ask["do"]
    if do == "text":
        return response.Response(ctx, body.decode("utf-8"), {"Content-Type": "text/plain; charset=utf-8"})
    if do == "context":
        return response.Response(ctx, json.dumps(context(ctx)), {"Content-Type": "application/json"})
    if do == "reply":
        headers = {}
        for name, value in ask["headers"]:
            headers[name] = [headers[name], value] if name in headers else value
        return echo(ctx, body, ask["status"], headers)
    if do == "fail":
        raise ValueError("failed on purpose")
    if do == "panic":
        if ask.get("writing"):
            ctx.SetResponseHeaders({"X-Leak": "leak"}, 200)
        if ask.get("late"):
            await asyncio.sleep(0.01)
        raise SystemError("panic on purpose")
    if do == "unserialisable":
        return json.dumps({"value": object()})
    if do == "sleep":
        await asyncio.sleep(ask["milliseconds"] / 1000)
        return echo(ctx, "slept")
    if do == "nothing":
        return response.Response(ctx)
    if do == "ignore":
        return echo(ctx, "ignored")
    if do == "large":
        return echo(ctx, b"x" * ask["bytes"])
    if do == "print":
        print(ask["line"], flush=True)
        print(ask["line"], file=sys.stderr, flush=True)
        return echo(ctx, body)
    if do == "log":
        logging.getLogger().warning(ask["text"])
        return echo(ctx, body)
    if do == "token":
        with open(os.environ["OCI_RESOURCE_PRINCIPAL_RPST"], encoding="utf-8") as token:
            return echo(ctx, token.read())
    return cannot(ctx, f"this kit has no way to do `{do}`")


def initialise(how):
    if how == "fail":
        raise RuntimeError("initialisation failed on purpose")
    if how.startswith("wait:"):
        while not os.path.exists(how.removeprefix("wait:")):
            time.sleep(0.01)


initialise(os.environ.get("CONFORMANCE_INIT", ""))
