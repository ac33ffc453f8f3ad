# The streaming server in a container instance, where hosting says so: docs/server.md. A container instance is not changed but made
# anew, at another address. The new one comes first, then the routes lead to it, then the old one ends: all in one apply. Terraform
# then keeps this order for everything that the instance depends on. So it depends on its subnet alone, and not on the policies by
# which it pulls its image: two subnets of one range, or two applications of one name, cannot be there at once.
# Source: docs/spec/oci-services.md#container-instances

locals {
  served     = var.hosting == "container_instance"
  data_port  = 8080
  admin_port = 9090
  secret_at  = { folder = "/run/gateway", file = "secret" }

  server_config = merge(
    { LOG_FORMAT = "json", OCI_CLI_AUTH = "resource_principal" },
    length(var.openai_models) > 0 ? { ALLOWED_PATHS = "openai" } : {},
    var.server_config,
    length(var.services) == 0 ? {} : { ALLOWED_SERVICES = jsonencode(local.entries) },
    {
      ALLOWED_DEPLOYMENTS = join(",", local.deployments)
      LISTEN_ADDRESS      = "0.0.0.0:${local.data_port}"
      ADMIN_ADDRESS       = "0.0.0.0:${local.admin_port}"
      GATEWAY_SECRET_FILE = "${local.secret_at.folder}/${local.secret_at.file}"
    },
  )
  # Open streams have so long, and the server a little to end by itself.
  grace = tonumber(lookup(var.server_config, "DRAIN_TIMEOUT", "30")) + 15

  image_name     = var.image_digest == null ? var.image : "${split(":", coalesce(var.image, ":"))[0]}@${var.image_digest}"
  gateway_secret = local.served ? sensitive(terraform_data.gateway_secret[0].output) : null
  server_url     = local.served && local.complete ? "http://${data.oci_core_vnic.server[0].private_ip_address}:${local.data_port}" : null

  for_functions_alone = {
    function_id             = var.function_id != null
    image_policy_keys       = length(var.image_policy_keys) > 0
    provisioned_concurrency = var.provisioned_concurrency > 0
    function_config         = length(var.function_config) > 0
    detached_timeout        = var.detached_timeout != null
    success_destination     = var.success_destination != null
    failure_destination     = var.failure_destination != null
    anonymous_health        = var.anonymous_health
    metrics_namespace       = var.metrics_namespace != null
    tracing                 = var.tracing
    dashboard               = var.dashboard
  }
}

# 244 random bits, drawn once. Whoever has them can call the server from the gateway's subnet as the gateway does. They are in the
# state, in the gateway's specification and in the instance's volume: whoever may read one of these has them.
resource "terraform_data" "gateway_secret" {
  count = local.served ? 1 : 0

  input = "${uuid()}${uuid()}"

  lifecycle {
    ignore_changes = [input]

    precondition {
      condition     = !contains(values(local.for_functions_alone), true)
      error_message = "Functions alone have these: ${join(", ", [for name, given in local.for_functions_alone : name if given])}."
    }

    precondition {
      condition     = var.subnets == null ? true : length(var.subnets.functions) == 1
      error_message = "A container instance is in one subnet: give one in subnets.functions."
    }
  }
}

data "oci_identity_availability_domains" "all" {
  count = local.served && var.availability_domain == null ? 1 : 0

  compartment_id = var.tenancy_id
}

resource "oci_container_instances_container_instance" "this" {
  count = local.served && var.image != null ? 1 : 0

  compartment_id                       = var.compartment_id
  availability_domain                  = var.availability_domain != null ? var.availability_domain : data.oci_identity_availability_domains.all[0].availability_domains[0].name
  display_name                         = var.name
  shape                                = var.server_shape
  container_restart_policy             = "ALWAYS"
  graceful_shutdown_timeout_in_seconds = local.grace
  freeform_tags                        = var.freeform_tags

  shape_config {
    ocpus         = var.server_ocpus
    memory_in_gbs = var.server_memory
  }

  vnics {
    subnet_id             = local.function_subnets[0]
    is_public_ip_assigned = false
  }

  volumes {
    name        = "gateway"
    volume_type = "CONFIGFILE"

    configs {
      file_name = local.secret_at.file
      data      = base64encode(local.gateway_secret)
    }
  }

  containers {
    display_name          = "server"
    image_url             = local.image_name
    environment_variables = local.server_config

    volume_mounts {
      volume_name  = "gateway"
      mount_path   = local.secret_at.folder
      is_read_only = true
    }

    security_context {
      security_context_type          = "LINUX"
      is_non_root_user_check_enabled = true
      is_root_file_system_readonly   = true

      capabilities {
        drop_capabilities = ["ALL"]
      }
    }

    health_checks {
      name                     = "livez"
      health_check_type        = "HTTP"
      path                     = "/livez"
      port                     = local.admin_port
      initial_delay_in_seconds = 5
      interval_in_seconds      = 10
      timeout_in_seconds       = 5
      failure_threshold        = 3
      failure_action           = "KILL"
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

data "oci_core_vnic" "server" {
  count = local.served && var.image != null ? 1 : 0

  vnic_id = oci_container_instances_container_instance.this[0].vnics[0].vnic_id
}
