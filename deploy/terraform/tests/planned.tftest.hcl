# What is planned for given variables.

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
  image          = "fra.ocir.io/namespace/model-deployment-fn:0.1.0"
  static_keys    = [{ kid = "SIGNING_KEY", n = replace(format("%0342d", 0), "0", "w") }]

  models = {
    iris = {
      predict_url    = "https://modeldeployment.eu-frankfurt-1.oci.customer-oci.com/ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.irisaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/predict"
      compartment_id = "ocid1.compartment.oc1..aaaaaaaamodels"
    }
  }
}

run "the_least" {
  command = plan

  # The function.

  assert {
    condition     = oci_functions_function.this.config == tomap({ ALLOWED_DEPLOYMENTS = "ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.irisaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", LOG_FORMAT = "json" })
    error_message = "The function may call the deployments of its routes; it posts no metrics."
  }

  assert {
    condition     = length(oci_functions_function.this.provisioned_concurrency_config) == 0
    error_message = "No containers are kept ready."
  }

  # Who may ask for tokens.

  assert {
    condition     = oci_identity_domains_app.client.allowed_grants == tolist(["client_credentials"]) && oci_identity_domains_app.client.trust_scope == "Explicit"
    error_message = "The client asks with its credentials alone."
  }

  assert {
    condition     = oci_identity_domains_app.client.allowed_scopes[*].fqs == tolist(["https://gateway.example/predict"])
    error_message = "The client may ask for one scope and nothing else."
  }

  assert {
    condition     = oci_identity_domains_app.gateway.audience == "https://gateway.example/" && oci_identity_domains_app.gateway.access_token_expiry == 3600
    error_message = "The gateway's application has the audience, and the lifetime of a token."
  }

  assert {
    condition     = oci_identity_domains_app.gateway.scopes[*].value == tolist(["predict"])
    error_message = "The gateway's application has the scope."
  }

  assert {
    condition     = length(oci_identity_domains_setting.this) == 0
    error_message = "The domain's settings are left alone."
  }

  # The network.

  assert {
    condition     = oci_core_subnet.gateway[0].cidr_block == "10.0.0.0/25" && oci_core_subnet.functions[0].cidr_block == "10.0.0.128/25"
    error_message = "The network is two halves."
  }

  assert {
    condition     = !oci_core_subnet.gateway[0].prohibit_public_ip_on_vnic && oci_core_subnet.functions[0].prohibit_public_ip_on_vnic
    error_message = "The gateway alone has a public address."
  }

  assert {
    condition     = length(oci_core_security_list.functions[0].ingress_security_rules) == 0
    error_message = "Nothing comes in to the function."
  }

  assert {
    condition     = [for rule in oci_core_security_list.gateway[0].ingress_security_rules : [rule.tcp_options[0].min, rule.tcp_options[0].max]] == [[443, 443]]
    error_message = "The gateway takes port 443 and nothing else."
  }

  # Logs.

  assert {
    condition = { for name, log in oci_logging_log.this : name => [log.configuration[0].source[0].service, log.configuration[0].source[0].category] } == {
      invoke    = ["functions", "invoke"]
      access    = ["apigateway", "access"]
      execution = ["apigateway", "execution"]
    }
    error_message = "Logs are kept of calls and of what the gateway does."
  }

  assert {
    condition     = oci_functions_application.this.logging[*].line_format == tolist(["JSON"])
    error_message = "Lines of JSON reach Logging as fields."
  }

  assert {
    condition     = output.log_scope == "${var.compartment_id}/${oci_logging_log_group.this.id}/${oci_logging_log.this["invoke"].id}" && oci_logging_log_group.this.id != oci_logging_log.this["invoke"].id
    error_message = "A query searches compartment, log group and log."
  }

  # Policies.

  assert {
    condition     = oci_identity_policy.predict.statements == tolist(["Allow dynamic-group model-deployment-fn to {DATA_SCIENCE_MODEL_DEPLOYMENT_PREDICT} in compartment id ocid1.compartment.oc1..aaaaaaaamodels"])
    error_message = "The function may predict, and nothing else."
  }

  # Nothing watches unless it is asked to.

  assert {
    condition     = length(oci_monitoring_alarm.this) == 0 && length(oci_ons_notification_topic.this) == 0 && length(oci_ons_subscription.this) == 0
    error_message = "There is no alarm."
  }

  assert {
    condition     = length(oci_apm_apm_domain.this) == 0 && length(oci_identity_policy.tracing) == 0 && length(oci_functions_application.this.trace_config) == 0 && length(oci_functions_function.this.trace_config) == 0
    error_message = "There is no trace."
  }

  assert {
    condition     = length(oci_management_dashboard_management_dashboards_import.this) == 0 && length(oci_identity_policy.metrics) == 0
    error_message = "There is no dashboard and no metric."
  }
}

run "models_and_servers" {
  command = plan

  variables {
    openai_models = {
      llm   = { base_url = replace(trimsuffix(var.models.iris.predict_url, "/predict"), ".irisa", ".llmaa"), compartment_id = var.compartment_id }
      again = { base_url = trimsuffix(var.models.iris.predict_url, "/predict"), compartment_id = var.compartment_id }
    }
    function_config         = { LOG_LEVEL = "debug" }
    provisioned_concurrency = 40
  }

  assert {
    condition = oci_functions_function.this.config == tomap({
      ALLOWED_DEPLOYMENTS = "ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.irisaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.llmaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      ALLOWED_PATHS       = "openai"
      LOG_FORMAT          = "json"
      LOG_LEVEL           = "debug"
    })
    error_message = "The function may call the deployments of its routes, each named once, on the paths of OpenAI's protocol."
  }

  assert {
    condition     = [for kept in oci_functions_function.this.provisioned_concurrency_config : [kept.strategy, kept.count]] == [["CONSTANT", 40]]
    error_message = "As many containers as asked for are kept ready."
  }

  assert {
    condition     = oci_functions_function.this.timeout_in_seconds == 120
    error_message = "The timeout is that of func.yaml."
  }

  # The outputs are what the commands take.

  assert {
    condition     = output.domain_url == "https://idcs-0123456789abcdef0123456789abcdef.identity.oraclecloud.com"
    error_message = "The domain's URL has no port."
  }

  assert {
    condition     = output.client_id == "client" && nonsensitive(output.client_secret) == "emulated"
    error_message = "The client's id is the name of its application."
  }

  assert {
    condition     = output.scope == "https://gateway.example/predict"
    error_message = "The scope is written right after the audience."
  }

  assert {
    condition     = output.predict_urls == { iris = "https://gateway.example/models/iris" }
    error_message = "A model is called at its name."
  }

  assert {
    condition     = output.openai_base_urls == { for name in ["llm", "again"] : name => "https://gateway.example/models/${name}/v1" }
    error_message = "A server's base URL ends in /v1."
  }

  assert {
    condition     = output.repository == "namespace/model-deployment-fn"
    error_message = "The repository is named after the function."
  }
}

run "the_signing_certificate_is_published_on_request" {
  command = plan

  variables {
    static_keys                 = []
    publish_signing_certificate = true
  }

  assert {
    condition     = oci_identity_domains_setting.this[0].signing_cert_public_access
    error_message = "The domain shows its keys."
  }
}

run "a_private_gateway" {
  command = plan

  variables {
    endpoint_type = "PRIVATE"
  }

  assert {
    condition     = length(oci_core_internet_gateway.this) == 0 && oci_core_subnet.gateway[0].prohibit_public_ip_on_vnic
    error_message = "There is no way from the internet."
  }
}

run "subnets_that_are_given" {
  command = plan

  variables {
    subnets = { gateway = "ocid1.subnet.a", functions = ["ocid1.subnet.b", "ocid1.subnet.c"] }
  }

  assert {
    condition     = length(oci_core_vcn.this) == 0
    error_message = "No network is made."
  }

  assert {
    condition     = oci_apigateway_gateway.this.subnet_id == "ocid1.subnet.a" && oci_functions_application.this.subnet_ids == tolist(["ocid1.subnet.b", "ocid1.subnet.c"])
    error_message = "Gateway and function are in the given subnets."
  }
}

run "alarms_for_an_address" {
  command = plan

  variables {
    alarm_email = "somebody@example.com"
  }

  assert {
    condition     = oci_ons_subscription.this[0].endpoint == "somebody@example.com"
    error_message = "The outputs have no address."
  }

  assert {
    condition     = keys(oci_monitoring_alarm.this) == ["function", "gateway", "slow", "throttled"]
    error_message = "Without metrics of the function's own there are four alarms."
  }

  assert {
    condition     = alltrue([for alarm in oci_monitoring_alarm.this : alarm.destinations == tolist([oci_ons_notification_topic.this[0].id]) && alarm.metric_compartment_id == var.compartment_id])
    error_message = "Every alarm tells the topic that is made, and looks into the compartment of gateway and function."
  }
}

run "thresholds_follow_the_variables" {
  command = plan

  variables {
    alarm_topic_ids   = ["ocid1.onstopic.oc1.eu-frankfurt-1.aaaaaaaapager"]
    timeout           = 100
    alarm_latency     = 2.5
    alarm_silence     = 24
    metrics_namespace = "model_deployment_fn"
  }

  assert {
    condition     = endswith(oci_monitoring_alarm.this["slow"].query, " > 80000")
    error_message = "Slow is four fifths of the timeout."
  }

  assert {
    condition     = endswith(oci_monitoring_alarm.this["latency"].query, " > 2500")
    error_message = "Latency is in milliseconds."
  }

  assert {
    condition     = startswith(oci_monitoring_alarm.this["silent"].query, "FunctionInvocationCount[24h]")
    error_message = "Silence is as long as asked for."
  }
}

run "metrics_of_the_functions_own" {
  command = plan

  variables {
    metrics_namespace = "model_deployment_fn"
  }

  assert {
    condition     = oci_functions_function.this.config.METRICS_NAMESPACE == "model_deployment_fn" && !contains(keys(oci_functions_function.this.config), "METRICS_COMPARTMENT")
    error_message = "The function has no METRICS_NAMESPACE, or a METRICS_COMPARTMENT that nobody set."
  }

  assert {
    condition     = oci_identity_policy.metrics[0].statements == tolist(["Allow dynamic-group model-deployment-fn to {METRIC_WRITE} in compartment id ${var.compartment_id} where target.metrics.namespace = 'model_deployment_fn'"])
    error_message = "The function may post metrics, and nowhere else."
  }
}

run "traces_to_a_domain_that_is_made" {
  command = plan

  variables {
    tracing = true
  }

  assert {
    condition     = oci_apm_apm_domain.this[0].is_free_tier
    error_message = "The domain is a free one."
  }

  assert {
    condition     = [for traced in oci_functions_application.this.trace_config : [traced.domain_id, traced.is_enabled]] == [[oci_apm_apm_domain.this[0].id, true]]
    error_message = "The application traces to the domain that is made."
  }

  assert {
    condition     = oci_functions_function.this.trace_config[*].is_enabled == tolist([true])
    error_message = "The function traces."
  }

  assert {
    condition     = oci_identity_policy.tracing[0].statements == tolist(["Allow service faas to use apm-domains in compartment id ${var.compartment_id}"])
    error_message = "OCI Functions may use the domain that is made."
  }
}

run "traces_to_a_domain_that_is_given" {
  command = plan

  variables {
    tracing    = true
    apm_domain = { id = "ocid1.apmdomain.oc1.eu-frankfurt-1.aaaaaaaagiven", compartment_id = "ocid1.compartment.oc1..aaaaaaaaapm" }
  }

  assert {
    condition     = length(oci_apm_apm_domain.this) == 0 && oci_functions_application.this.trace_config[0].domain_id == var.apm_domain.id
    error_message = "The application traces to the domain that is given."
  }

  assert {
    condition     = endswith(oci_identity_policy.tracing[0].statements[0], " in compartment id ocid1.compartment.oc1..aaaaaaaaapm")
    error_message = "OCI Functions may use the domain that is given."
  }
}

run "charts_without_metrics_of_the_functions_own" {
  command = plan

  variables {
    dashboard = true
  }

  assert {
    condition     = jsondecode(oci_management_dashboard_management_dashboards_import.this[0].import_details).dashboards[0].tiles[*].dataConfig[0].parameters.namespace == ["oci_faas", "oci_faas", "oci_faas", "oci_apigateway"]
    error_message = "The charts are those of the services."
  }
}
