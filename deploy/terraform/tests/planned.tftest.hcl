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
  image          = "fra.ocir.io/namespace/model-deployment-fn:0.2.0"
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
    condition     = oci_functions_function.this[0].config == tomap({ ALLOWED_DEPLOYMENTS = "ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.irisaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", LOG_FORMAT = "json" })
    error_message = "The function may call the deployments of its routes; it posts no metrics."
  }

  assert {
    condition     = length(oci_functions_function.this[0].provisioned_concurrency_config) == 0
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
    condition     = oci_functions_application.this[0].logging[*].line_format == tolist(["JSON"])
    error_message = "Lines of JSON reach Logging as fields."
  }

  assert {
    condition     = output.log_scope == "${var.compartment_id}/${oci_logging_log_group.this.id}/${oci_logging_log.this["invoke"].id}" && oci_logging_log_group.this.id != oci_logging_log.this["invoke"].id
    error_message = "A query searches compartment, log group and log."
  }

  # Policies.

  assert {
    condition     = oci_identity_policy.predict[0].statements == tolist(["Allow dynamic-group model-deployment-fn to {DATA_SCIENCE_MODEL_DEPLOYMENT_PREDICT} in compartment id ocid1.compartment.oc1..aaaaaaaamodels"])
    error_message = "The function may predict, and nothing else."
  }

  # Nobody is told of detached calls.

  assert {
    condition     = length(oci_identity_policy.detached) == 0 && length(oci_functions_function.this[0].success_destination) == 0 && length(oci_functions_function.this[0].failure_destination) == 0 && !contains(keys(output.policy_statements), "detached")
    error_message = "There is no destination, and no right to write to one."
  }

  # Nothing watches unless it is asked to.

  assert {
    condition     = length(oci_monitoring_alarm.this) == 0 && length(oci_ons_notification_topic.this) == 0 && length(oci_ons_subscription.this) == 0
    error_message = "There is no alarm."
  }

  assert {
    condition     = length(oci_apm_apm_domain.this) == 0 && length(oci_identity_policy.tracing) == 0 && length(oci_functions_application.this[0].trace_config) == 0 && length(oci_functions_function.this[0].trace_config) == 0
    error_message = "There is no trace."
  }

  assert {
    condition     = length(oci_management_dashboard_management_dashboards_import.this) == 0 && length(oci_identity_policy.metrics) == 0
    error_message = "There is no dashboard and no metric."
  }

  # Nothing is stricter than it was.

  assert {
    condition     = [for rule in oci_core_security_list.functions[0].egress_security_rules : [rule.destination_type, rule.destination]] == [["CIDR_BLOCK", "0.0.0.0/0"]]
    error_message = "The function reaches what it is told to call."
  }

  assert {
    condition     = length(oci_functions_application.this[0].image_policy_config) == 0 && length(oci_apigateway_deployment.this[0].specification[0].request_policies[0].usage_plans) == 0 && length(oci_apigateway_usage_plan.this) == 0 && length(oci_apigateway_subscriber.this) == 0
    error_message = "No image needs a signature, and no client is counted by itself."
  }

  assert {
    condition     = output.deploy_command == null
    error_message = "The function is made of its image, not by a command."
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
    condition = oci_functions_function.this[0].config == tomap({
      ALLOWED_DEPLOYMENTS = "ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.irisaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.llmaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      ALLOWED_PATHS       = "openai"
      LOG_FORMAT          = "json"
      LOG_LEVEL           = "debug"
    })
    error_message = "The function may call the deployments of its routes, each named once, on the paths of OpenAI's protocol."
  }

  assert {
    condition     = [for kept in oci_functions_function.this[0].provisioned_concurrency_config : [kept.strategy, kept.count]] == [["CONSTANT", 40]]
    error_message = "As many containers as asked for are kept ready."
  }

  assert {
    condition     = oci_functions_function.this[0].timeout_in_seconds == 120
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
    condition     = oci_apigateway_gateway.this.subnet_id == "ocid1.subnet.a" && oci_functions_application.this[0].subnet_ids == tolist(["ocid1.subnet.b", "ocid1.subnet.c"])
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
    condition     = oci_functions_function.this[0].config.METRICS_NAMESPACE == "model_deployment_fn" && !contains(keys(oci_functions_function.this[0].config), "METRICS_COMPARTMENT")
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
    condition     = [for traced in oci_functions_application.this[0].trace_config : [traced.domain_id, traced.is_enabled]] == [[oci_apm_apm_domain.this[0].id, true]]
    error_message = "The application traces to the domain that is made."
  }

  assert {
    condition     = oci_functions_function.this[0].trace_config[*].is_enabled == tolist([true])
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
    condition     = length(oci_apm_apm_domain.this) == 0 && oci_functions_application.this[0].trace_config[0].domain_id == var.apm_domain.id
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

# Without a function, and with one that somebody else made.

run "all_but_what_needs_the_function" {
  command = plan

  variables {
    image             = null
    alarm_email       = "somebody@example.com"
    dashboard         = true
    tracing           = true
    metrics_namespace = "model_deployment_fn"
    clients           = []
    client_rate_limit = 5
  }

  assert {
    condition     = length(oci_functions_function.this) == 0 && length(oci_apigateway_deployment.this) == 0 && length(oci_apigateway_usage_plan.this) == 0 && length(oci_apigateway_subscriber.this) == 0
    error_message = "There is no function, and no route to it."
  }

  assert {
    condition     = length(oci_identity_dynamic_group.this) == 0 && length(oci_identity_policy.predict) == 0 && length(oci_identity_policy.metrics) == 0
    error_message = "There is no group of a function that is not there, and no policy for it."
  }

  assert {
    condition     = length(oci_monitoring_alarm.this) == 0 && length(oci_management_dashboard_management_dashboards_import.this) == 0 && keys(oci_logging_log.this) == ["invoke"]
    error_message = "Nothing is watched but the application."
  }

  assert {
    condition     = oci_functions_application.this[0].display_name == "model-deployment-fn" && oci_identity_policy.invoke[0].name == "model-deployment-fn-invoke" && oci_identity_domains_app.client.is_oauth_client
    error_message = "Application, gateway, client and the gateway's policy are there."
  }

  assert {
    condition     = output.deploy_command == "mdfn deploy --archive function.zip --application ocid1.fnapp.oc1.eu-frankfurt-1.aaaaaaaafnapp --name model-deployment-fn --memory 128 --timeout 120 --config-file config.json --yes"
    error_message = "The command names the application and the function."
  }

  assert {
    condition = jsondecode(output.function_config) == {
      ALLOWED_DEPLOYMENTS = "ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.irisaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      LOG_FORMAT          = "json"
      METRICS_NAMESPACE   = "model_deployment_fn"
    }
    error_message = "The configuration is the one that the module would have set."
  }

  assert {
    condition     = output.function_id == null && output.deployment_id == null && output.dynamic_group_rule == null && length(output.predict_urls) == 0 && length(output.gateway_spec_arguments) == 0
    error_message = "What is not there has no output."
  }
}

run "a_function_that_is_there" {
  command = plan

  variables {
    image       = null
    function_id = "ocid1.fnfunc.oc1.eu-frankfurt-1.aaaaaaaadeployed"
    alarm_email = "somebody@example.com"
  }

  assert {
    condition     = length(oci_functions_function.this) == 0 && alltrue([for route in oci_apigateway_deployment.this[0].specification[0].routes : route.backend[0].function_id == var.function_id])
    error_message = "Every route leads to the function that is there."
  }

  assert {
    condition     = oci_identity_dynamic_group.this[0].matching_rule == "ALL {resource.type = 'fnfunc', resource.id = 'ocid1.fnfunc.oc1.eu-frankfurt-1.aaaaaaaadeployed'}"
    error_message = "The group is of the function that is there."
  }

  assert {
    condition     = strcontains(oci_monitoring_alarm.this["function"].query, "resourceId = \"ocid1.fnfunc.oc1.eu-frankfurt-1.aaaaaaaadeployed\"")
    error_message = "The alarms are about the function that is there."
  }

  assert {
    condition     = output.function_id == var.function_id && startswith(output.deploy_command, "mdfn deploy ")
    error_message = "A new archive is deployed by the same command."
  }
}

# Without the right to make groups and policies.

run "texts_instead_of_policies" {
  command = plan

  variables {
    policies          = false
    metrics_namespace = "model_deployment_fn"
    tracing           = true
  }

  assert {
    condition     = length(oci_identity_dynamic_group.this) + length(oci_identity_policy.predict) + length(oci_identity_policy.invoke) + length(oci_identity_policy.metrics) + length(oci_identity_policy.tracing) == 0
    error_message = "Neither group nor policy is made."
  }

  assert {
    condition     = length(oci_apigateway_deployment.this) == 1
    error_message = "All else is."
  }
}

run "the_texts_are_the_policies" {
  command = plan

  variables {
    metrics_namespace = "model_deployment_fn"
    tracing           = true
  }

  assert {
    condition     = output.dynamic_group_rule == oci_identity_dynamic_group.this[0].matching_rule
    error_message = "The rule that is given out is the group's."
  }

  assert {
    condition = {
      for name, statements in output.policy_statements : name => tolist(statements)
      } == {
      predict = oci_identity_policy.predict[0].statements
      invoke  = oci_identity_policy.invoke[0].statements
      metrics = oci_identity_policy.metrics[0].statements
      tracing = oci_identity_policy.tracing[0].statements
    }
    error_message = "The statements that are given out are the policies'."
  }
}

# Stricter, on request.

run "images_that_a_key_has_signed" {
  command = plan

  variables {
    image_policy_keys = ["ocid1.key.oc1.eu-frankfurt-1.vault.aaaaaaaakey"]
  }

  assert {
    condition     = oci_functions_application.this[0].image_policy_config[0].is_policy_enabled && oci_functions_application.this[0].image_policy_config[0].key_details[*].kms_key_id == tolist(var.image_policy_keys)
    error_message = "The application runs signed images alone."
  }
}

run "oracle_services_and_nothing_else" {
  command = plan

  variables {
    oracle_services_only = true
  }

  assert {
    condition     = [for rule in oci_core_security_list.functions[0].egress_security_rules : [rule.destination_type, rule.destination]] == [["SERVICE_CIDR_BLOCK", "all-fra-services"]]
    error_message = "The function's subnet reaches Oracle's services alone."
  }
}

run "each_client_by_itself" {
  command = plan

  variables {
    clients           = ["another"]
    client_rate_limit = 5
  }

  assert {
    condition     = oci_apigateway_deployment.this[0].specification[0].request_policies[0].usage_plans[0].token_locations == tolist(["request.auth[client_id]"])
    error_message = "A client is known by the id in its token."
  }

  assert {
    condition     = [for entitlement in oci_apigateway_usage_plan.this[0].entitlements : [entitlement.rate_limit[0].unit, entitlement.rate_limit[0].value, entitlement.targets[0].deployment_id]] == [["SECOND", 5, oci_apigateway_deployment.this[0].id]]
    error_message = "The plan is of the deployment."
  }

  assert {
    condition     = [for subscriber in oci_apigateway_subscriber.this : subscriber.clients[0].token] == ["client", "another"]
    error_message = "Every client that may call is counted."
  }
}

run "a_queue_for_both_ends_of_a_detached_call" {
  command = plan

  variables {
    detached_timeout    = 3600
    success_destination = { kind = "QUEUE", id = "ocid1.queue.oc1.eu-frankfurt-1.amaaaaaaqueue", compartment_id = "ocid1.compartment.oc1..aaaaaaaaresults", channel_id = "done" }
    failure_destination = { kind = "QUEUE", id = "ocid1.queue.oc1.eu-frankfurt-1.amaaaaaaqueue", compartment_id = "ocid1.compartment.oc1..aaaaaaaaresults" }
  }

  assert {
    condition     = oci_functions_function.this[0].detached_mode_timeout_in_seconds == 3600
    error_message = "A detached call has an hour."
  }

  assert {
    condition     = [for one in concat(oci_functions_function.this[0].success_destination, oci_functions_function.this[0].failure_destination) : join(" ", [one.kind, one.queue_id, one.channel_id == null ? "" : one.channel_id])] == ["QUEUE ocid1.queue.oc1.eu-frankfurt-1.amaaaaaaqueue done", "QUEUE ocid1.queue.oc1.eu-frankfurt-1.amaaaaaaqueue "]
    error_message = "Both ends go to the queue, one of them to a channel."
  }

  assert {
    condition     = oci_identity_policy.detached[0].statements == tolist(["Allow dynamic-group model-deployment-fn to use queue-push in compartment id ocid1.compartment.oc1..aaaaaaaaresults where target.queue.id = 'ocid1.queue.oc1.eu-frankfurt-1.amaaaaaaqueue'"]) && output.policy_statements["detached"] == oci_identity_policy.detached[0].statements
    error_message = "One statement is enough for one queue."
  }
}

run "a_destination_that_is_taken_away" {
  command = plan

  variables {
    success_destination = { kind = "NONE" }
    failure_destination = { kind = "STREAM", id = "ocid1.stream.oc1.eu-frankfurt-1.amaaaaaastream", compartment_id = "ocid1.tenancy.oc1..aaaaaaaatenancy" }
  }

  assert {
    condition     = oci_functions_function.this[0].success_destination[0].kind == "NONE" && oci_functions_function.this[0].failure_destination[0].stream_id == "ocid1.stream.oc1.eu-frankfurt-1.amaaaaaastream"
    error_message = "NONE is written, and the other kind is a stream."
  }

  assert {
    condition     = length(oci_identity_policy.detached[0].statements) == 1
    error_message = "Nothing needs a right for NONE."
  }
}
