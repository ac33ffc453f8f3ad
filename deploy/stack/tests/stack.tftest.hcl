# What the form's values become.

mock_provider "oci" {
  source          = "../terraform/tests/services"
  override_during = plan
}

mock_provider "oci" {
  alias           = "home"
  source          = "../terraform/tests/services"
  override_during = plan
}

# What the form asks for.
variables {
  tenancy_ocid         = "ocid1.tenancy.oc1..aaaaaaaatenancy"
  compartment_ocid     = "ocid1.compartment.oc1..aaaaaaaagateway"
  region               = "eu-frankfurt-1"
  domain_url           = "https://idcs-0123456789abcdef0123456789abcdef.identity.oraclecloud.com"
  static_keys          = "[{\"kid\": \"SIGNING_KEY\", \"kty\": \"RSA\", \"n\": \"${replace(format("%0342d", 0), "0", "w")}\"}]"
  model_name           = "iris"
  model_url            = "https://modeldeployment.eu-frankfurt-1.oci.customer-oci.com/ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.irisaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/predict"
  model_compartment_id = "ocid1.compartment.oc1..aaaaaaaamodels"
}

run "the_first_apply" {
  command = plan

  assert {
    condition     = output.function_id == null && length(output.predict_urls) == 0 && startswith(output.deploy_command, "mdfn deploy --archive function.zip --application ocid1.fnapp.")
    error_message = "There is no function yet, and a command that makes one."
  }

  assert {
    condition     = output.repository == "namespace/model-deployment-fn" && output.scope == "https://gateway.example/predict"
    error_message = "There is a repository for an image, and the domain's applications."
  }

  assert {
    condition     = one(data.oci_identity_region_subscriptions.home.filter).values == tolist(["true"])
    error_message = "The home region is asked for."
  }
}

run "the_second_with_an_image" {
  command = plan

  variables {
    image = "fra.ocir.io/namespace/model-deployment-fn:0.2.0"
  }

  assert {
    condition     = output.predict_urls == { iris = "https://gateway.example/models/iris" } && output.deploy_command == null
    error_message = "The model is called at its name."
  }

  assert {
    condition     = output.dynamic_group_rule == "ALL {resource.type = 'fnfunc', resource.id = 'ocid1.fnfunc.oc1.eu-frankfurt-1.amaaaaaafunction'}"
    error_message = "The group is of the function that is made."
  }
}

run "the_second_with_a_server" {
  command = plan

  variables {
    hosting       = "container_instance"
    image         = "fra.ocir.io/namespace/model-deployment-server:0.2.0"
    server_ocpus  = 2
    server_config = "{\"DRAIN_TIMEOUT\": \"120\"}"
  }

  assert {
    condition     = output.container_instance_id != null && output.function_id == null && output.application_id == null
    error_message = "There is a container instance, and no function."
  }

  assert {
    condition     = startswith(output.dynamic_group_rule, "ALL {resource.type = 'computecontainerinstance', ") && keys(output.policy_statements) == ["predict", "pull"]
    error_message = "The group is of container instances."
  }
}

run "the_second_with_the_function_of_an_archive" {
  command = plan

  variables {
    function_id = "ocid1.fnfunc.oc1.eu-frankfurt-1.aaaaaaaadeployed"
  }

  assert {
    condition     = output.predict_urls == { iris = "https://gateway.example/models/iris" } && output.function_id == "ocid1.fnfunc.oc1.eu-frankfurt-1.aaaaaaaadeployed"
    error_message = "The gateway calls the function that is there."
  }
}

run "everything_that_can_be_set" {
  command = plan

  variables {
    model_kind             = "openai"
    model_name             = "llm"
    model_url              = trimsuffix(var.model_url, "/predict")
    models                 = "{\"iris\": {\"predict_url\": \"${var.model_url}\", \"compartment_id\": \"ocid1.compartment.oc1..aaaaaaaamodels\"}}"
    function_id            = "ocid1.fnfunc.oc1.eu-frankfurt-1.aaaaaaaadeployed"
    policies               = false
    clients                = "[\"another\"]"
    client_rate_limit      = 5
    function_config        = "{\"LOG_LEVEL\": \"debug\"}"
    detached_timeout       = 3600
    success_destination    = "{\"kind\": \"STREAM\", \"id\": \"ocid1.stream.oc1.eu-frankfurt-1.a\", \"compartment_id\": \"ocid1.compartment.oc1..a\"}"
    failure_destination    = "{\"kind\": \"NONE\"}"
    own_subnets            = true
    gateway_subnet_id      = "ocid1.subnet.a"
    function_subnet_id     = "ocid1.subnet.b"
    alarm_email            = "somebody@example.com"
    alarm_silence          = 24
    metrics_namespace      = "model_deployment_fn"
    metrics_compartment_id = "ocid1.compartment.oc1..aaaaaaaametrics"
    tracing                = true
    apm_domain_id          = "ocid1.apmdomain.oc1.eu-frankfurt-1.aaaaaaaagiven"
    apm_compartment_id     = "ocid1.compartment.oc1..aaaaaaaaapm"
    dashboard              = true
    freeform_tags          = "{\"team\": \"models\"}"
  }

  assert {
    condition     = output.openai_base_urls == { llm = "https://gateway.example/models/llm/v1" } && output.predict_urls == { iris = "https://gateway.example/models/iris" }
    error_message = "The first model is a server, the further one is for predictions."
  }

  assert {
    condition = jsondecode(output.function_config) == {
      ALLOWED_DEPLOYMENTS = "ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.irisaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      ALLOWED_PATHS       = "openai"
      LOG_FORMAT          = "json"
      LOG_LEVEL           = "debug"
      METRICS_COMPARTMENT = "ocid1.compartment.oc1..aaaaaaaametrics"
      METRICS_NAMESPACE   = "model_deployment_fn"
    }
    error_message = "The configuration has what was set."
  }

  assert {
    condition     = keys(output.policy_statements) == ["detached", "invoke", "metrics", "predict", "tracing"] && endswith(output.policy_statements.tracing[0], "ocid1.compartment.oc1..aaaaaaaaapm")
    error_message = "The texts for an administrator are there."
  }
}

run "what_is_no_json_is_refused" {
  command = plan

  variables {
    models            = "iris"
    openai_models     = "{"
    static_keys       = "SIGNING_KEY"
    clients           = "client"
    issuers           = "https://identity.oraclecloud.com/"
    function_config   = "LOG_LEVEL=debug"
    server_config     = "DRAIN_TIMEOUT=120"
    image_policy_keys = "ocid1.key"
    alarm_topic_ids   = "ocid1.onstopic"
    freeform_tags     = "team=models"
    model_kind        = "classifier"

    success_destination = "STREAM"
    failure_destination = "ocid1.stream"
  }

  expect_failures = [
    var.models, var.openai_models, var.static_keys, var.clients, var.issuers, var.function_config, var.server_config, var.image_policy_keys,
    var.alarm_topic_ids, var.freeform_tags, var.model_kind, var.success_destination, var.failure_destination,
  ]
}
