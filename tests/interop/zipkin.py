"""Looks at spans on stdin with py_zipkin: what version they are, and what it would have sent itself for the same spans."""

import json
import sys

from py_zipkin import Kind
from py_zipkin.encoding import Encoding, Span, create_endpoint, detect_span_version_and_encoding, get_encoder

message = sys.stdin.read()
if detect_span_version_and_encoding(message) != Encoding.V2_JSON:
    sys.exit("it takes them for something else than Zipkin v2")
# Its times are seconds, cut off to microseconds when they are sent.
encoder = get_encoder(Encoding.V2_JSON)
spans = [
    Span(
        trace_id=span["traceId"],
        span_id=span["id"],
        parent_id=span.get("parentId"),
        name=span["name"],
        kind=Kind[span.get("kind", "LOCAL")],
        timestamp=(span["timestamp"] + 0.5) / 1_000_000,
        duration=(span["duration"] + 0.5) / 1_000_000,
        local_endpoint=create_endpoint(service_name=span["localEndpoint"]["serviceName"], use_defaults=False),
        tags=span.get("tags", {}),
    )
    for span in json.loads(message)
]
print(encoder.encode_queue([encoder.encode_span(span) for span in spans]))
