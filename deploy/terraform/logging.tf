# Logs of function and gateway. What a server writes stays with its container instance.

locals {
  logs = {
    invoke    = { service = "functions", resource = one(oci_functions_application.this[*].id) }
    access    = { service = "apigateway", resource = one(oci_apigateway_deployment.this[*].id) }
    execution = { service = "apigateway", resource = one(oci_apigateway_deployment.this[*].id) }
  }
}

resource "oci_logging_log_group" "this" {
  compartment_id = var.compartment_id
  display_name   = var.name
  freeform_tags  = var.freeform_tags
}

resource "oci_logging_log" "this" {
  for_each = { for name, log in local.logs : name => log if name == "invoke" ? !local.served : local.complete }

  display_name       = "${var.name}-${each.key}"
  log_group_id       = oci_logging_log_group.this.id
  log_type           = "SERVICE"
  is_enabled         = true
  retention_duration = var.log_retention
  freeform_tags      = var.freeform_tags

  configuration {
    compartment_id = var.compartment_id

    source {
      source_type = "OCISERVICE"
      service     = each.value.service
      resource    = each.value.resource
      category    = each.key
    }
  }
}
