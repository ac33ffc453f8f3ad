# The whole set-up for one model and one OpenAI-compatible server. Identity resources are written in the tenancy's home region,
# hence the second provider; where the home region is the only one, both are the same.

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

provider "oci" {
  alias  = "home"
  region = var.home_region
}

module "models" {
  source = "../"

  providers = {
    oci      = oci
    oci.home = oci.home
  }

  tenancy_id     = var.tenancy_id
  compartment_id = var.compartment_id
  domain_url     = var.domain_url
  static_keys    = var.static_keys
  models         = var.models
  openai_models  = var.openai_models
  image          = var.image
  function_id    = var.function_id
  alarm_email    = var.alarm_email
}
