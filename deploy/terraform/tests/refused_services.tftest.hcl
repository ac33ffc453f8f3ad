# Is a bad value of services refused?

mock_provider "oci" {
  source          = "./tests/services"
  override_during = plan
}

mock_provider "oci" {
  alias           = "home"
  source          = "./tests/services"
  override_during = plan
}

variables {
  tenancy_id     = "ocid1.tenancy.oc1..aaaaaaaatenancy"
  compartment_id = "ocid1.compartment.oc1..aaaaaaaagateway"
  domain_url     = "https://idcs-0123456789abcdef0123456789abcdef.identity.oraclecloud.com:443"
  image          = "fra.ocir.io/namespace/model-deployment-fn:0.2.0"
  static_keys    = [{ kid = "SIGNING_KEY", n = replace(format("%0342d", 0), "0", "w") }]
  name           = "model-callers"

  services = {
    reports = {
      service = "objectstorage"
      base    = "/n/axexample/b/reports/o"
      mount   = "/models/reports"
      open    = ["GET /n/axexample/b/reports/o/{*}"]
    }
  }
}

run "a_bad_service_is_refused" {
  command = plan

  variables {
    services = {
      Chat = { service = "inference.generativeai", host = "example.com", open = ["@openai-chat", "everything"], scope = "a b" }
      llm  = { service = "inference.generativeai", open = ["@openai-responses"], models = ["a' or 'b"], bucket = { compartment_id = "data", name = "a'b" } }
    }
  }

  expect_failures = [var.services]
}

run "services_are_not_set_beside_their_routes" {
  command = plan

  variables {
    function_config = { ALLOWED_SERVICES = "{}" }
  }

  expect_failures = [var.function_config]
}

run "a_mount_is_the_path_of_its_route" {
  command = plan

  variables {
    path_prefix = "/v1"
  }

  expect_failures = [oci_apigateway_deployment.this]
}
