# The module as a stack of Resource Manager, whose form knows no maps, no objects and no null: what is not simple is JSON here, and
# empty is absent. `build` makes the ZIP, in which the module lies in `module`.

terraform {
  required_version = ">= 1.5"

  required_providers {
    oci = {
      source  = "oracle/oci"
      version = ">= 8.18"
    }
  }
}

provider "oci" {
  region = var.region
}

# Identity resources are written in the home region, whichever the stack is in.
data "oci_identity_region_subscriptions" "home" {
  tenancy_id = var.tenancy_ocid

  filter {
    name   = "is_home_region"
    values = ["true"]
  }
}

provider "oci" {
  alias  = "home"
  region = one(data.oci_identity_region_subscriptions.home.region_subscriptions[*].region_name)
}

module "models" {
  source = "../terraform"

  providers = {
    oci      = oci
    oci.home = oci.home
  }

  tenancy_id     = var.tenancy_ocid
  compartment_id = var.compartment_ocid
  name           = var.name
  freeform_tags  = jsondecode(var.freeform_tags)
  policies       = var.policies

  models = merge(
    var.model_kind == "prediction" ? { (var.model_name) = { predict_url = var.model_url, compartment_id = var.model_compartment_id } } : {},
    jsondecode(var.models),
  )
  openai_models = merge(
    var.model_kind == "openai" ? { (var.model_name) = { base_url = var.model_url, compartment_id = var.model_compartment_id } } : {},
    jsondecode(var.openai_models),
  )
  services = jsondecode(var.services)

  domain_url                  = var.domain_url
  static_keys                 = jsondecode(var.static_keys)
  publish_signing_certificate = var.publish_signing_certificate
  jwks_uri                    = var.jwks_uri == "" ? null : var.jwks_uri
  audience                    = var.audience == "" ? null : var.audience
  scope                       = var.scope
  token_lifetime              = var.token_lifetime
  issuers                     = jsondecode(var.issuers)
  clients                     = var.clients == "" ? null : jsondecode(var.clients)

  path_prefix       = var.path_prefix
  endpoint_type     = var.endpoint_type
  rate_limit        = var.rate_limit
  client_rate_limit = var.client_rate_limit == 0 ? null : var.client_rate_limit
  anonymous_health  = var.anonymous_health

  hosting                 = var.hosting
  image                   = var.image == "" ? null : var.image
  image_digest            = var.image_digest == "" ? null : var.image_digest
  image_policy_keys       = jsondecode(var.image_policy_keys)
  function_id             = var.function_id == "" ? null : var.function_id
  shape                   = var.shape
  memory                  = tonumber(var.memory)
  timeout                 = var.timeout
  provisioned_concurrency = var.provisioned_concurrency
  function_config         = jsondecode(var.function_config)
  detached_timeout        = var.detached_timeout == 0 ? null : var.detached_timeout
  success_destination     = var.success_destination == "" ? null : jsondecode(var.success_destination)
  failure_destination     = var.failure_destination == "" ? null : jsondecode(var.failure_destination)

  server_shape        = var.server_shape
  server_ocpus        = var.server_ocpus
  server_memory       = var.server_memory
  availability_domain = var.availability_domain == "" ? null : var.availability_domain
  server_config       = jsondecode(var.server_config)

  subnets              = var.own_subnets ? { gateway = var.gateway_subnet_id, functions = [var.function_subnet_id] } : null
  vcn_cidr             = var.vcn_cidr
  allowed_cidr         = var.allowed_cidr
  oracle_services_only = var.oracle_services_only

  log_retention          = tonumber(var.log_retention)
  alarm_email            = var.alarm_email == "" ? null : var.alarm_email
  alarm_topic_ids        = jsondecode(var.alarm_topic_ids)
  alarm_latency          = var.alarm_latency
  alarm_silence          = var.alarm_silence == 0 ? null : var.alarm_silence
  metrics_namespace      = var.metrics_namespace == "" ? null : var.metrics_namespace
  metrics_compartment_id = var.metrics_compartment_id == "" ? null : var.metrics_compartment_id
  tracing                = var.tracing
  apm_domain             = var.apm_domain_id == "" ? null : { id = var.apm_domain_id, compartment_id = var.apm_compartment_id }
  dashboard              = var.dashboard
}
