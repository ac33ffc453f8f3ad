# Other OCI services: the routes are those of `mdfn gateway-spec --service`, the statements those of `mdfn policy`. The tests of mdfn
# read this in tests/terraform/plan.json.

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
    chat = {
      service      = "inference.generativeai"
      region       = ["us-chicago-1"]
      base         = "/openai/v1"
      open         = ["@openai-chat"]
      compartments = ["ocid1.compartment.oc1..aaaaaaaagenai"]
      models       = ["xai.grok-4.3", "openai.gpt-oss-120b"]
    }
    llm = {
      service      = "inference.generativeai"
      region       = ["us-chicago-1"]
      base         = "/openai/v1"
      open         = ["@openai-chat", "@openai-responses"]
      compartments = ["ocid1.compartment.oc1..aaaaaaaagenai"]
      models       = ["xai.grok-4.3"]
      stateless    = true
      scope        = "responses"
    }
    reports = {
      service = "objectstorage"
      base    = "/n/axexample/b/reports/o"
      mount   = "/models/reports"
      open    = ["GET /n/axexample/b/reports/o", "GET,HEAD /n/axexample/b/reports/o/{*}"]
      headers = ["range"]
      returns = ["etag", "content-range"]
      bucket  = { compartment_id = "ocid1.compartment.oc1..aaaaaaaadata", name = "reports" }
    }
    language = {
      service      = "language.aiservice"
      base         = "/20221001"
      open         = ["POST /20221001/actions/batchDetectLanguageEntities"]
      compartments = ["ocid1.compartment.oc1..aaaaaaaalanguage"]
      allowed      = ["use ai-service-language-entities in compartment id ocid1.compartment.oc1..aaaaaaaalanguage"]
    }
  }
}

run "services" {
  command = plan

  assert {
    condition     = oci_apigateway_deployment.this[0].specification[0].routes[*].path == tolist(["/chat/{path*}", "/language/{path*}", "/llm/{path*}", "/reports", "/reports/{path*}", "/healthz", "/readyz"])
    error_message = "A service has a route, and what is open at the base of a mount has one of its own."
  }

  assert {
    condition     = alltrue([for entry in values(jsondecode(oci_functions_function.this[0].config.ALLOWED_SERVICES)) : length(setintersection(keys(entry), ["scope", "bucket", "allowed", "host", "projects", "set"])) == 0])
    error_message = "The function is told what an entry knows, and nothing that is not given."
  }

  assert {
    condition     = oci_identity_domains_app.gateway.scopes[*].value == tolist(["predict", "chat", "language", "reports", "responses"]) && length(oci_identity_domains_app.client.allowed_scopes) == 1
    error_message = "Each route's scope is there, and the module's client gets none of them."
  }

  assert {
    condition     = jsondecode(oci_functions_function.this[0].config.ALLOWED_SERVICES).llm.stateless && oci_functions_function.this[0].config.ALLOWED_SERVICES == output.allowed_services
    error_message = "The function has the entries that the output has."
  }

  assert {
    condition     = oci_identity_policy.services["language"].statements == tolist(["Allow dynamic-group model-callers to use ai-service-language-entities in compartment id ocid1.compartment.oc1..aaaaaaaalanguage"])
    error_message = "A further statement is what was given, of the group."
  }
}
