# What is held against other things too, by the tests of mdfn: specifications against `mdfn gateway-spec`, policies against the grammar
# of their language and `mdfn policy`, alarms against the pages that they name. They read it in tests/terraform/plan.json.

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

  more_models = {
    wine = {
      predict_url    = "https://modeldeployment.eu-frankfurt-1.oci.customer-oci.com/ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.wineaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/predict"
      compartment_id = "ocid1.compartment.oc1..aaaaaaaamodels"
    }
    Iris_2 = {
      predict_url    = "https://modeldeployment.eu-frankfurt-1.oci.customer-oci.com/ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.iris2aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/predict"
      compartment_id = "ocid1.compartment.oc1..aaaaaaaamodels"
    }
  }

  servers = {
    qwen = {
      base_url       = "https://modeldeployment.eu-frankfurt-1.oci.customer-oci.com/ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.qwenaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      compartment_id = "ocid1.compartment.oc1..aaaaaaaaservers"
    }
    llm = {
      base_url       = "https://modeldeployment.eu-frankfurt-1.oci.customer-oci.com/ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.llmaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      compartment_id = "ocid1.compartment.oc1..aaaaaaaaservers"
    }
  }

  # A query: metric, interval, dimensions, grouping, statistic. That of an alarm compares with a number or waits for silence, that of
  # a chart does neither. Source: docs/spec/oci-services.md#monitoring-query-language.
  alarm_query = "^(%[1]s)\\[(([1-9]|[1-5]\\d|60)m|([1-9]|1\\d|2[0-4])h)\\]\\{(%[2]s)(, (%[2]s))*\\}\\.(grouping\\(\\)|groupBy\\((%[3]s)\\))\\.((sum\\(\\)|mean\\(\\)|percentile\\(0\\.\\d+\\)) > \\d+(\\.\\d+)?|absent\\(\\d+[mhd]\\))$"
  chart_query = "^(%[1]s)\\[auto\\]\\{(%[2]s)(, (%[2]s))*\\}\\.groupBy\\((%[3]s)\\)\\.(sum\\(\\)|mean\\(\\)|percentile\\(0\\.\\d+\\))$"

  # What is documented for each namespace. Source: docs/spec/oci-services.md#metrics-of-services; docs/metrics.md for the last.
  metrics = {
    oci_faas            = "FunctionExecutionDuration|FunctionInvocationCount|FunctionResponseCount"
    oci_apigateway      = "BackendHttpResponses|HttpRequests|HttpResponses|IntegrationLatency|Latency"
    model_deployment_fn = "calls|duration_ms|errors|wait_ms"
  }
  groups = {
    oci_faas            = "applicationId|resourceDisplayName|resourceId|resourceName|responseType"
    oci_apigateway      = "deploymentId|httpStatusCategory|httpStatusCode|resourceId|route"
    model_deployment_fn = "code|deployment|function|status"
  }
  filters = {
    oci_faas            = "resourceId = \"ocid1.fnfunc.oc1.eu-frankfurt-1.amaaaaaafunction\"|responseType = \"(Success|Error|Throttled)\""
    oci_apigateway      = "deploymentId = \"ocid1.apideployment.oc1.eu-frankfurt-1.amaaaaaadeployment\"|httpStatusCategory = \"[2-5]xx\""
    model_deployment_fn = "function = \"model-deployment-fn\""
  }
}

run "one_model" {
  command = plan

  assert {
    condition     = length(oci_apigateway_deployment.this[0].specification[0].routes) == 3
    error_message = "There are a model and two routes for health."
  }

  assert {
    condition     = alltrue([for route in oci_apigateway_deployment.this[0].specification[0].routes : route.backend[0].function_id == oci_functions_function.this[0].id])
    error_message = "Every route leads to the function."
  }

  assert {
    condition     = oci_apigateway_deployment.this[0].specification[0].routes[0].request_policies[0].header_transformations[0].set_headers[0].items[0].values == tolist([var.models.iris.predict_url])
    error_message = "The route names its model deployment."
  }

  assert {
    condition     = oci_apigateway_deployment.this[0].specification[0].request_policies[0].authentication[0].validation_policy[0].additional_validation_policy[0].audiences == tolist(["https://gateway.example/"])
    error_message = "The audience is the gateway's host name."
  }
}

run "many_models_openai_clients_and_anonymous_health" {
  command = plan

  variables {
    models           = merge(var.models, var.more_models)
    openai_models    = var.servers
    clients          = ["another"]
    anonymous_health = true
    audience         = "https://models.example/"
    issuers          = ["https://identity.oraclecloud.com/", "https://identity.oraclecloud.com"]
    scope            = "call"
    rate_limit       = 7
    static_keys      = concat(var.static_keys, var.static_keys)
  }

  assert {
    condition     = oci_apigateway_deployment.this[0].specification[0].routes[*].path == tolist(["/Iris_2", "/iris", "/wine", "/llm/v1/{path*}", "/qwen/v1/{path*}", "/healthz", "/readyz"])
    error_message = "Routes are sorted by kind, then by name."
  }

  assert {
    condition     = oci_apigateway_deployment.this[0].specification[0].request_policies[0].authentication[0].validation_policy[0].additional_validation_policy[0].verify_claims[0].values == tolist(["client", "another"])
    error_message = "The module's own client may call, too."
  }
}

run "no_client_but_the_own" {
  command = plan

  variables {
    clients = []
  }

  assert {
    condition     = oci_apigateway_deployment.this[0].specification[0].request_policies[0].authentication[0].validation_policy[0].additional_validation_policy[0].verify_claims[0].values == tolist(["client"])
    error_message = "No client but the module's own may call."
  }
}

run "keys_fetched_from_the_domain" {
  command = plan

  variables {
    static_keys                 = []
    publish_signing_certificate = true
  }

  assert {
    condition     = oci_apigateway_deployment.this[0].specification[0].request_policies[0].authentication[0].validation_policy[0].uri == "https://idcs-0123456789abcdef0123456789abcdef.identity.oraclecloud.com/admin/v1/SigningCert/jwk"
    error_message = "The keys are the domain's."
  }
}

run "keys_fetched_from_elsewhere" {
  command = plan

  variables {
    static_keys   = []
    jwks_uri      = "https://keys.example/jwks"
    models        = {}
    openai_models = { llm = var.servers.llm }
  }

  assert {
    condition     = oci_apigateway_deployment.this[0].specification[0].request_policies[0].authentication[0].validation_policy[0].uri == "https://keys.example/jwks"
    error_message = "The keys are those of the given address."
  }
}

run "every_policy" {
  command = plan

  variables {
    name              = "model-callers"
    models            = { iris = var.models.iris, wine = var.more_models.wine }
    openai_models     = { llm = var.servers.llm }
    metrics_namespace = "model_deployment_fn"
    tracing           = true

    success_destination = { kind = "STREAM", id = "ocid1.stream.oc1.eu-frankfurt-1.amaaaaaastream", compartment_id = "ocid1.compartment.oc1..aaaaaaaaresults" }
    failure_destination = { kind = "NOTIFICATION", id = "ocid1.onstopic.oc1.eu-frankfurt-1.amaaaaaatopic", compartment_id = "ocid1.compartment.oc1..aaaaaaaafailures" }
  }

  assert {
    condition     = oci_identity_dynamic_group.this[0].matching_rule == "ALL {resource.type = 'fnfunc', resource.id = '${oci_functions_function.this[0].id}'}"
    error_message = "The group is this one function."
  }

  assert {
    condition = oci_identity_policy.predict[0].statements == tolist([
      "Allow dynamic-group model-callers to {DATA_SCIENCE_MODEL_DEPLOYMENT_PREDICT} in compartment id ocid1.compartment.oc1..aaaaaaaamodels",
      "Allow dynamic-group model-callers to {DATA_SCIENCE_MODEL_DEPLOYMENT_PREDICT} in compartment id ocid1.compartment.oc1..aaaaaaaaservers",
    ])
    error_message = "The function may predict in the models' compartments, and nothing else."
  }

  assert {
    condition = oci_identity_policy.invoke[0].statements == tolist([join("", [
      "Allow any-user to use functions-family in compartment id ${var.compartment_id} where ALL ",
      "{request.principal.type = 'ApiGateway', request.resource.compartment.id = '${var.compartment_id}'}",
    ])])
    error_message = "Gateways of the compartment may call its functions."
  }

  assert {
    condition = oci_identity_policy.metrics[0].statements == tolist([join("", [
      "Allow dynamic-group model-callers to {METRIC_WRITE} in compartment id ${var.compartment_id} ",
      "where target.metrics.namespace = 'model_deployment_fn'",
    ])])
    error_message = "The function may post into its own namespace."
  }

  assert {
    condition     = oci_identity_policy.tracing[0].statements == tolist(["Allow service faas to use apm-domains in compartment id ${var.compartment_id}"])
    error_message = "OCI Functions may use the APM domain."
  }

  assert {
    condition = oci_identity_policy.detached[0].statements == tolist([
      "Allow dynamic-group model-callers to use stream-push in compartment id ocid1.compartment.oc1..aaaaaaaaresults where target.stream.id = 'ocid1.stream.oc1.eu-frankfurt-1.amaaaaaastream'",
      "Allow dynamic-group model-callers to {ONS_TOPIC_PUBLISH} in compartment id ocid1.compartment.oc1..aaaaaaaafailures",
    ])
    error_message = "The function may write to the destinations of its detached calls."
  }
}

# Everything that watches, told to a topic that is given.
run "everything_watched" {
  command = plan

  variables {
    alarm_topic_ids        = ["ocid1.onstopic.oc1.eu-frankfurt-1.aaaaaaaapager"]
    alarm_silence          = 6
    metrics_namespace      = "model_deployment_fn"
    metrics_compartment_id = "ocid1.compartment.oc1..aaaaaaaametrics"
    dashboard              = true
    tracing                = true
  }

  assert {
    condition     = length(oci_ons_notification_topic.this) == 0
    error_message = "No topic is made beside a given one."
  }

  assert {
    condition     = alltrue([for alarm in oci_monitoring_alarm.this : alarm.destinations == tolist(var.alarm_topic_ids)])
    error_message = "Every alarm tells the topic that is given."
  }

  assert {
    condition = { for name, alarm in oci_monitoring_alarm.this : name => alarm.query } == {
      errors    = "errors[5m]{function = \"model-deployment-fn\"}.groupBy(code).sum() > 0"
      function  = "FunctionResponseCount[5m]{resourceId = \"${oci_functions_function.this[0].id}\", responseType = \"Error\"}.grouping().sum() > 0"
      gateway   = "HttpResponses[5m]{deploymentId = \"${oci_apigateway_deployment.this[0].id}\", httpStatusCategory = \"5xx\"}.grouping().sum() > 0"
      latency   = "duration_ms[5m]{function = \"model-deployment-fn\"}.groupBy(deployment).percentile(0.99) > 60000"
      silent    = "FunctionInvocationCount[6h]{resourceId = \"${oci_functions_function.this[0].id}\"}.grouping().absent(3d)"
      slow      = "FunctionExecutionDuration[5m]{resourceId = \"${oci_functions_function.this[0].id}\"}.grouping().mean() > 96000"
      throttled = "FunctionResponseCount[5m]{resourceId = \"${oci_functions_function.this[0].id}\", responseType = \"Throttled\"}.grouping().sum() > 0"
    }
    error_message = "There is an alarm for each of these, with its query."
  }

  assert {
    condition     = alltrue([for alarm in oci_monitoring_alarm.this : length(regexall(format(var.alarm_query, var.metrics[alarm.namespace], var.filters[alarm.namespace], var.groups[alarm.namespace]), alarm.query)) == 1])
    error_message = "The query of an alarm is about metrics and dimensions that are documented for its namespace, of this function or gateway alone."
  }

  assert {
    condition = length([for at in [
      ["errors", "error"], ["[5m]", ""], ["5m", "61m"], ["5m", "0m"], ["5m", "25h"], ["}", ""], ["\"model", "model"], ["fn\"", "fn"],
      [" = ", ": "], ["function", "functions"], ["groupBy(code)", "groupBy()"], ["groupBy", "groupby"], ["code", "codes"],
      [".groupBy(code)", ".groupBy(code).grouping()"], ["sum()", "sum"], ["sum()", "total()"], ["sum()", "sum(1)"],
      ["sum()", "percentile(99)"], ["sum()", "absent()"], [".sum()", ""], [" > 0", ""], [" > 0", " >"], [" > 0", " > much"], [" > 0", " > 0 &&"],
    ] : at if length(regexall(format(var.alarm_query, var.metrics.model_deployment_fn, var.filters.model_deployment_fn, var.groups.model_deployment_fn), replace(oci_monitoring_alarm.this["errors"].query, at[0], at[1]))) > 0]) == 0
    error_message = "A broken query does not have the form of one."
  }

  assert {
    condition     = alltrue([for alarm in oci_monitoring_alarm.this : startswith(alarm.query, "FunctionResponseCount") == strcontains(alarm.query, "responseType")])
    error_message = "Answers are counted by their type."
  }

  assert {
    condition     = { for name, alarm in oci_monitoring_alarm.this : name => alarm.metric_compartment_id if alarm.namespace == var.metrics_namespace } == { for name in ["errors", "latency"] : name => var.metrics_compartment_id }
    error_message = "Alarms on the function's own metrics look into the compartment of those."
  }

  assert {
    condition     = alltrue([for name, alarm in oci_monitoring_alarm.this : alarm.metric_compartment_id == var.compartment_id if alarm.namespace != var.metrics_namespace])
    error_message = "The other alarms look into the compartment of function and gateway."
  }

  assert {
    condition     = oci_functions_function.this[0].config.METRICS_COMPARTMENT == var.metrics_compartment_id
    error_message = "The function has no METRICS_COMPARTMENT."
  }

  assert {
    condition     = oci_identity_policy.metrics[0].statements == tolist(["Allow dynamic-group model-deployment-fn to {METRIC_WRITE} in compartment id ${var.metrics_compartment_id} where target.metrics.namespace = 'model_deployment_fn'"])
    error_message = "The function may post into the compartment of its metrics."
  }

  # Source: docs/spec/oci-services.md#management-dashboard.
  assert {
    condition = length(setsubtract([
      "dashboardId", "providerId", "providerName", "providerVersion", "tiles", "displayName", "description", "compartmentId",
      "isOobDashboard", "isShowInHome", "metadataVersion", "isShowDescription", "screenImage", "nls", "uiConfig", "dataConfig",
      "type", "isFavorite", "savedSearches",
    ], keys(jsondecode(oci_management_dashboard_management_dashboards_import.this[0].import_details).dashboards[0]))) == 0
    error_message = "A dashboard has what an import requires."
  }

  assert {
    condition = alltrue([for tile in jsondecode(oci_management_dashboard_management_dashboards_import.this[0].import_details).dashboards[0].tiles : length(setsubtract([
      "displayName", "savedSearchId", "row", "column", "height", "width", "nls", "uiConfig", "dataConfig", "state", "drilldownConfig",
    ], keys(tile))) == 0])
    error_message = "A tile has what an import requires."
  }

  assert {
    condition     = length(distinct([for tile in jsondecode(oci_management_dashboard_management_dashboards_import.this[0].import_details).dashboards[0].tiles : [tile.row, tile.column]])) == 10
    error_message = "Every tile has a place of its own."
  }

  assert {
    condition     = alltrue([for tile in jsondecode(oci_management_dashboard_management_dashboards_import.this[0].import_details).dashboards[0].tiles : tile.uiConfig.defaultDataSource == tile.dataConfig[0].name])
    error_message = "A tile draws its own source."
  }

  assert {
    condition     = alltrue([for source in jsondecode(oci_management_dashboard_management_dashboards_import.this[0].import_details).dashboards[0].tiles[*].dataConfig[0].parameters : length(regexall(format(var.chart_query, var.metrics[source.namespace], var.filters[source.namespace], var.groups[source.namespace]), source.mql)) == 1 && startswith(source.mql, "FunctionResponseCount") == strcontains(source.mql, "responseType")])
    error_message = "The query of a chart is about metrics and dimensions that are documented for its namespace."
  }

  assert {
    condition     = alltrue([for tile in jsondecode(oci_management_dashboard_management_dashboards_import.this[0].import_details).dashboards[0].tiles : tile.uiConfig.chartInfo.series == "dimensions.${regex("groupBy\\((\\w+)", tile.dataConfig[0].parameters.mql)[0]}"])
    error_message = "A chart shows what it groups by."
  }

  assert {
    condition     = jsondecode(oci_management_dashboard_management_dashboards_import.this[0].import_details).dashboards[0].tiles[*].dataConfig[0].parameters.namespace == concat(["oci_faas", "oci_faas", "oci_faas", "oci_apigateway"], [for at in range(6) : "model_deployment_fn"])
    error_message = "There are four charts of the services, and six of the function."
  }
}
