# Is a bad value refused, and by the variable that it was given for? And is the value beside it taken?

mock_provider "oci" {
  source          = "./tests/services"
  override_during = plan
}

mock_provider "oci" {
  alias           = "home"
  source          = "./tests/services"
  override_during = plan
}

# The least that must be given, and one model.
variables {
  tenancy_id     = "ocid1.tenancy.oc1..aaaaaaaatenancy"
  compartment_id = "ocid1.compartment.oc1..aaaaaaaagateway"
  domain_url     = "https://idcs-0123456789abcdef0123456789abcdef.identity.oraclecloud.com:443"
  image          = "fra.ocir.io/namespace/model-deployment-fn:0.2.0"
  static_keys    = [{ kid = "SIGNING_KEY", n = format("%0342d", 0) }]

  models = {
    iris = {
      predict_url    = "https://modeldeployment.eu-frankfurt-1.oci.customer-oci.com/ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.irisaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/predict"
      compartment_id = "ocid1.compartment.oc1..aaaaaaaamodels"
    }
  }
}

run "bad_values_are_refused" {
  command = plan

  variables {
    tenancy_id              = "ocid1.user.oc1..aaaa"
    compartment_id          = "my-compartment"
    name                    = "Model Deployments"
    domain_url              = "idcs-0123.identity.oraclecloud.com"
    audience                = "https://gateway.example"
    scope                   = "predict all"
    token_lifetime          = 5
    issuers                 = []
    static_keys             = [for at in range(11) : { kid = "SIGNING_KEY", n = format("%0342d", 0) }]
    jwks_uri                = "http://keys.example/jwks"
    path_prefix             = "models"
    endpoint_type           = "public"
    rate_limit              = 0
    image                   = "model-deployment-fn:0.2.0"
    image_digest            = "sha256:abc"
    image_policy_keys       = ["ocid1.vault.oc1.eu-frankfurt-1.a"]
    function_id             = "ocid1.fnapp.oc1.eu-frankfurt-1.a"
    client_rate_limit       = 0
    shape                   = "GENERIC_AMD"
    memory                  = 100
    timeout                 = 30
    detached_timeout        = 3601
    success_destination     = { kind = "BUCKET" }
    failure_destination     = { kind = "QUEUE", id = "ocid1.stream.oc1.eu-frankfurt-1.a", compartment_id = "ocid1.compartment.oc1..a" }
    provisioned_concurrency = -1
    hosting                 = "server"
    server_shape            = "VM.Standard.E4.Flex"
    server_ocpus            = 0.5
    server_memory           = 0
    server_config           = { LISTEN_ADDRESS = "0.0.0.0:80" }
    function_config         = { ALLOWED_DEPLOYMENTS = "any" }
    vcn_cidr                = "10.0.0.0/28"
    allowed_cidr            = "everybody"
    log_retention           = 31
    alarm_email             = "nobody"
    alarm_topic_ids         = ["somebody@example.com"]
    alarm_latency           = 0
    alarm_silence           = 0
    metrics_namespace       = "oci_functions"
    metrics_compartment_id  = "metrics"
    apm_domain              = { id = "ocid1.apmdomain", compartment_id = "ocid1.tenancy.oc1..a" }
    models                  = { healthz = var.models.iris }
    openai_models           = { readyz = { base_url = trimsuffix(var.models.iris.predict_url, "/predict"), compartment_id = var.compartment_id } }
  }

  expect_failures = [
    var.tenancy_id, var.compartment_id, var.name, var.domain_url, var.audience, var.scope, var.token_lifetime, var.issuers,
    var.static_keys, var.jwks_uri, var.path_prefix, var.endpoint_type, var.rate_limit, var.image, var.image_digest, var.shape,
    var.image_policy_keys, var.function_id, var.client_rate_limit,
    var.detached_timeout, var.success_destination, var.failure_destination,
    var.memory, var.timeout, var.provisioned_concurrency, var.function_config, var.vcn_cidr, var.allowed_cidr, var.log_retention,
    var.alarm_email, var.alarm_topic_ids, var.alarm_latency, var.alarm_silence, var.metrics_namespace, var.metrics_compartment_id,
    var.apm_domain, var.models, var.openai_models,
    var.hosting, var.server_shape, var.server_ocpus, var.server_memory, var.server_config,
  ]
}

run "bad_in_a_second_way" {
  command = plan

  variables {
    domain_url        = "https://idcs-0123.identity.oraclecloud.com/oauth2/v1/token"
    audience          = "gateway.example"
    token_lifetime    = 100.5
    issuers           = ["1", "2", "3", "4", "5", "6"]
    static_keys       = [{ kid = "SIGNING_KEY", kty = "EC", n = format("%0342d", 0) }]
    path_prefix       = "/models/"
    image             = "fra.ocir.io/namespace/model-deployment-fn"
    timeout           = 301
    client_rate_limit = 1.5
    function_config   = { LOG-LEVEL = "info" }
    server_ocpus      = 0
    server_config     = { TOKEN_ISSUER = "https://identity.oraclecloud.com/" }
    alarm_latency     = 301
    alarm_silence     = 1.5
    metrics_namespace = "model-deployment-fn"
    apm_domain        = { id = "ocid1.apmdomain.oc1.eu-frankfurt-1.a", compartment_id = "apm" }
    models            = { "iris/2" = var.models.iris }
    openai_models     = { llm = { base_url = var.models.iris.predict_url, compartment_id = var.compartment_id } }
  }

  expect_failures = [
    var.domain_url, var.audience, var.token_lifetime, var.issuers, var.static_keys, var.path_prefix, var.image, var.timeout, var.client_rate_limit,
    var.function_config, var.alarm_latency, var.alarm_silence, var.metrics_namespace, var.apm_domain, var.models, var.openai_models,
    var.server_ocpus, var.server_config,
  ]
}

run "bad_in_a_third_way" {
  command = plan

  variables {
    static_keys       = [{ kid = "SIGNING_KEY", alg = "HS256", n = format("%0342d", 0) }]
    function_config   = { METRICS_NAMESPACE = "model_deployment_fn" }
    server_config     = { DRAIN_TIMEOUT = "30s" }
    alarm_silence     = 25
    metrics_namespace = "model_deployment_fn_"
    models            = { iris = { predict_url = trimsuffix(var.models.iris.predict_url, "/predict"), compartment_id = var.compartment_id } }
    openai_models     = { llm = { base_url = trimsuffix(var.models.iris.predict_url, "/predict"), compartment_id = "servers" } }
  }

  expect_failures = [
    var.static_keys, var.function_config, var.server_config, var.alarm_silence, var.metrics_namespace, var.models, var.openai_models,
  ]
}

run "bad_in_a_fourth_way" {
  command = plan

  variables {
    static_keys = [{ kid = "SIGNING_KEY", n = format("%0171d", 0) }]
    models      = { iris = { predict_url = var.models.iris.predict_url, compartment_id = "models" } }
  }

  expect_failures = [var.static_keys, var.models]
}

run "the_least_values_are_taken" {
  command = plan

  variables {
    timeout           = 75
    memory            = 3072
    rate_limit        = 1
    token_lifetime    = 60
    path_prefix       = "/"
    audience          = "http://models/"
    alarm_silence     = 1
    metrics_namespace = "m2"
  }
}

run "the_most_are_taken" {
  command = plan

  variables {
    path_prefix   = "/v1/models"
    vcn_cidr      = "192.168.0.0/16"
    log_retention = 180
    static_keys   = [{ kid = "k", n = format("%0683d", 0), x5c = "dropped" }]
    alarm_latency = 300
  }
}

# Values that do not go together. In each run one precondition of a resource does not hold; the run that is taken beside it says which.

run "no_model" {
  command = plan

  variables {
    models = {}
  }

  expect_failures = [oci_apigateway_deployment.this]
}

run "keys_of_two_origins" {
  command = plan

  variables {
    jwks_uri = "https://keys.example/jwks"
  }

  expect_failures = [oci_apigateway_deployment.this]
}

run "no_keys" {
  command = plan

  variables {
    static_keys = []
  }

  expect_failures = [oci_apigateway_deployment.this]
}

run "keys_of_one_origin_are_taken" {
  command = plan

  variables {
    static_keys = []
    jwks_uri    = "https://keys.example/jwks"
  }
}

run "with_128_megabytes_20_containers_are_refused" {
  command = plan

  variables {
    memory                  = 128
    provisioned_concurrency = 20
  }

  expect_failures = [oci_functions_function.this]
}

run "with_128_megabytes_40_containers_are_taken" {
  command = plan

  variables {
    memory                  = 128
    provisioned_concurrency = 40
  }
}

run "with_256_megabytes_30_containers_are_refused" {
  command = plan

  variables {
    memory                  = 256
    provisioned_concurrency = 30
  }

  expect_failures = [oci_functions_function.this]
}

run "with_256_megabytes_20_containers_are_taken" {
  command = plan

  variables {
    memory                  = 256
    provisioned_concurrency = 20
  }
}

run "with_512_megabytes_15_containers_are_refused" {
  command = plan

  variables {
    memory                  = 512
    provisioned_concurrency = 15
  }

  expect_failures = [oci_functions_function.this]
}

run "with_512_megabytes_10_containers_are_taken" {
  command = plan

  variables {
    memory                  = 512
    provisioned_concurrency = 10
  }
}

run "more_routes_than_a_deployment_has" {
  command = plan

  variables {
    models = { for at in range(49) : "m${at}" => var.models.iris }
  }

  expect_failures = [oci_apigateway_deployment.this]
}

# With OCIDs as long as they are.
run "more_deployments_than_a_configuration_has_room_for" {
  command = plan

  variables {
    models = { for at in range(48) : "m${at}" => {
      predict_url    = replace(var.models.iris.predict_url, ".irisaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/", format(".%060d/", at))
      compartment_id = var.models.iris.compartment_id
    } }
  }

  expect_failures = [oci_functions_function.this]
}

run "as_many_routes_and_deployments_as_there_may_be" {
  command = plan

  variables {
    models = { for at in range(48) : "m${at}" => {
      predict_url    = replace(var.models.iris.predict_url, ".irisaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/", format(".%060d/", at % 35))
      compartment_id = var.models.iris.compartment_id
    } }
  }
}

run "an_image_and_a_function" {
  command = plan

  variables {
    function_id = "ocid1.fnfunc.oc1.eu-frankfurt-1.aaaaaaaadeployed"
  }

  expect_failures = [oci_functions_function.this]
}

run "clients_that_are_counted_and_not_known" {
  command = plan

  variables {
    client_rate_limit = 5
  }

  expect_failures = [oci_apigateway_deployment.this]
}

run "clients_that_are_counted_and_known" {
  command = plan

  variables {
    client_rate_limit = 5
    clients           = []
  }
}

run "hosts_that_cannot_be_reached" {
  command = plan

  variables {
    oracle_services_only = true
    function_config      = { ALLOWED_HOSTS = "models.example" }
  }

  expect_failures = [oci_core_security_list.functions]
}

run "hosts_that_can_be_reached" {
  command = plan

  variables {
    function_config = { ALLOWED_HOSTS = "models.example" }
  }
}

run "a_destination_of_none_has_nothing_and_a_stream_no_channel" {
  command = plan

  variables {
    detached_timeout    = 4
    success_destination = { kind = "NONE", id = "ocid1.stream.oc1.eu-frankfurt-1.a" }
    failure_destination = { kind = "STREAM", id = "ocid1.stream.oc1.eu-frankfurt-1.a", compartment_id = "ocid1.compartment.oc1..a", channel_id = "a" }
  }

  expect_failures = [var.detached_timeout, var.success_destination, var.failure_destination]
}

run "a_destination_has_a_compartment" {
  command = plan

  variables {
    success_destination = { kind = "NOTIFICATION", id = "ocid1.onstopic.oc1.eu-frankfurt-1.a" }
    failure_destination = { kind = "STREAM", compartment_id = "ocid1.compartment.oc1..a" }
  }

  expect_failures = [var.success_destination, var.failure_destination]
}
