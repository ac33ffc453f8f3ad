# What the function may do for its detached calls: write how they ended to the destinations, and nothing else of them. Of a topic the
# compartment alone can be named, since Notifications has no variable for a topic.
# Source: docs/spec/oci-services.md#destinations

locals {
  destinations = [
    for destination in concat(var.success_destination[*], var.failure_destination[*]) : destination if destination.kind != "NONE"
  ]

  detached_statements = distinct([
    for destination in local.destinations : join(" ", concat(
      ["Allow dynamic-group ${var.name} to"],
      [{ STREAM = "use stream-push", QUEUE = "use queue-push", NOTIFICATION = "{ONS_TOPIC_PUBLISH}" }[destination.kind]],
      ["in compartment id ${destination.compartment_id}"],
      destination.kind == "STREAM" ? ["where target.stream.id = '${destination.id}'"] : [],
      destination.kind == "QUEUE" ? ["where target.queue.id = '${destination.id}'"] : [],
    ))
  ])
}

resource "oci_identity_policy" "detached" {
  count    = local.grouped && length(local.detached_statements) > 0 ? 1 : 0
  provider = oci.home

  compartment_id = var.tenancy_id
  name           = "${var.name}-detached"
  description    = "The function may tell how its detached calls ended"
  freeform_tags  = var.freeform_tags
  statements     = local.detached_statements

  depends_on = [oci_identity_dynamic_group.this]
}
