"""Oracle's Python SDK makes what `mdfn probe` makes, in the services that `tests/suite/interop/probe.rs` emulates.

probe.py CONFIG GATEWAY_ENDPOINT GATEWAY STREAMING_ENDPOINT STREAM
"""

import base64
import sys

import oci
from oci.apigateway import models


def main():
    config, endpoint, gateway, streaming, stream = sys.argv[1:]
    config = oci.config.from_file(config)
    options = {"service_endpoint": endpoint, "retry_strategy": oci.retry.NoneRetryStrategy()}
    found = oci.apigateway.GatewayClient(config, **options).get_gateway(gateway).data
    client = oci.apigateway.DeploymentClient(config, **options)
    validation = models.TokenAuthenticationRemoteJWKSValidationPolicy(
        uri="https://idcs-0.identity.example.com/admin/v1/SigningCert/jwk",
        is_ssl_verify_disabled=False,
        max_cache_duration_in_hours=1,
    )
    authentication = models.TokenAuthenticationPolicy(
        token_header="Authorization",
        token_auth_scheme="Bearer",
        is_anonymous_access_allowed=False,
        validation_policy=validation,
    )
    route = models.ApiSpecificationRoute(
        path="/probe", methods=["GET"], backend=models.StockResponseBackend(status=200, body="probe")
    )
    details = models.CreateDeploymentDetails(
        display_name="sdk",
        gateway_id=gateway,
        compartment_id=found.compartment_id,
        path_prefix="/sdk",
        specification=models.ApiSpecification(
            request_policies=models.ApiSpecificationRequestPolicies(authentication=authentication), routes=[route]
        ),
    )
    made = client.create_deployment(details).data
    active = oci.wait_until(client, client.get_deployment(made.id), "lifecycle_state", "ACTIVE", max_interval_seconds=1)
    assert active.data.endpoint.startswith(f"https://{found.hostname}/"), active.data
    listed = client.list_deployments(found.compartment_id, display_name="sdk").data.items
    assert [deployment.id for deployment in listed] == [made.id], listed
    client.delete_deployment(made.id)
    assert client.list_deployments(found.compartment_id).data.items == []

    options["service_endpoint"] = streaming
    known = oci.streaming.StreamAdminClient(config, **options).get_stream(stream).data
    assert (known.partitions, known.messages_endpoint) == (1, streaming), known
    messages = oci.streaming.StreamClient(config, **options)
    start = oci.streaming.models.CreateCursorDetails(partition="0", type="TRIM_HORIZON")
    read = messages.get_messages(stream, messages.create_cursor(stream, start).data.value)
    end = oci.streaming.models.CreateCursorDetails(partition="0", type="LATEST")
    assert messages.get_messages(stream, messages.create_cursor(stream, end).data.value).data == []
    assert messages.get_messages(stream, read.headers["opc-next-cursor"]).data == []
    print([base64.b64decode(message.value).decode() for message in read.data])


main()
