# A dashboard of the metrics, in the form in which OCI's Dashboards export and import. A chart is a query; what the Console draws
# of it is the same for all of them.

locals {
  service_charts = [
    { title = "Calls", namespace = "oci_faas", dimension = "resourceId", query = "FunctionInvocationCount[auto]{${local.function}}.groupBy(resourceId).sum()" },
    { title = "Answers of the function", namespace = "oci_faas", dimension = "responseType", query = "FunctionResponseCount[auto]{${local.function}}.groupBy(responseType).sum()" },
    { title = "Duration, mean (ms)", namespace = "oci_faas", dimension = "resourceId", query = "FunctionExecutionDuration[auto]{${local.function}}.groupBy(resourceId).mean()" },
    { title = "Answers of the gateway", namespace = "oci_apigateway", dimension = "httpStatusCategory", query = "HttpResponses[auto]{${local.gateway}}.groupBy(httpStatusCategory).sum()" },
  ]

  own_charts = var.metrics_namespace == null ? [] : [
    { title = "Calls by deployment", namespace = var.metrics_namespace, dimension = "deployment", query = "calls[auto]{${local.own}}.groupBy(deployment).sum()" },
    { title = "Errors by code", namespace = var.metrics_namespace, dimension = "code", query = "errors[auto]{${local.own}}.groupBy(code).sum()" },
    { title = "Duration, half of the calls (ms)", namespace = var.metrics_namespace, dimension = "deployment", query = "duration_ms[auto]{${local.own}}.groupBy(deployment).percentile(0.5)" },
    { title = "Duration, 99 of 100 calls (ms)", namespace = var.metrics_namespace, dimension = "deployment", query = "duration_ms[auto]{${local.own}}.groupBy(deployment).percentile(0.99)" },
    { title = "Wait for the model, half of the calls (ms)", namespace = var.metrics_namespace, dimension = "deployment", query = "wait_ms[auto]{${local.own}}.groupBy(deployment).percentile(0.5)" },
    { title = "Wait for the model, 99 of 100 calls (ms)", namespace = var.metrics_namespace, dimension = "deployment", query = "wait_ms[auto]{${local.own}}.groupBy(deployment).percentile(0.99)" },
  ]

  tiles = [for at, chart in concat(local.service_charts, local.own_charts) : {
    displayName   = chart.title
    savedSearchId = "OOBSS-management-dashboard-123"
    row           = 3 * floor(at / 2)
    column        = 6 * (at % 2)
    height        = 3
    width         = 6
    state         = "DEFAULT"
    nls           = {}

    uiConfig = {
      internalKey       = "OOBSS-management-dashboard-123"
      defaultDataSource = chart.title

      chartInfo = {
        colorBy           = "dimensions.${chart.dimension}"
        series            = "dimensions.${chart.dimension}"
        group             = "aggregatedDatapoints.timestamp"
        value             = "aggregatedDatapoints.value"
        enableCorrelation = true
      }

      jetConfig = {
        type         = "line"
        timeAxisType = "enabled"
        dataCursor   = "on"
        legend       = { rendered = true, position = "top" }
        xAxis        = { viewportMin = "$(context.time.start)", viewportMax = "$(context.time.end)" }
        yAxis        = {}
      }
    }

    dataConfig = [{
      name = chart.title
      type = "monitoringDataSource"

      parameters = {
        compartmentId = "$(params.compartmentIdParam)"
        startTime     = "$(params.time.start)"
        endTime       = "$(params.time.end)"
        namespace     = chart.namespace
        mql           = chart.query
      }
    }]

    drilldownConfig = []
    parametersMap   = { compartmentIdParam = "$(dashboard.params.compartmentId)", time = "$(dashboard.params.time)" }
  }]

  dashboard = {
    dashboardId       = "ocid1.managementdashboard.oc1..${var.name}"
    providerId        = "log-analytics"
    providerName      = "Logging Analytics"
    providerVersion   = "3.0.0"
    displayName       = var.name
    description       = "Calls of models, their errors and their times"
    compartmentId     = var.compartment_id
    isOobDashboard    = false
    isShowInHome      = false
    isShowDescription = true
    isFavorite        = false
    metadataVersion   = "2.0"
    screenImage       = "none"
    nls               = {}
    uiConfig          = { isFilteringEnabled = false, isRefreshEnabled = true, isTimeRangeEnabled = true }
    dataConfig        = []
    type              = "normal"
    tiles             = local.tiles
    savedSearches     = []
    drilldownConfig   = []

    parametersConfig = [
      {
        name            = "compartmentId"
        displayName     = "Compartment"
        localStorageKey = "compartmentId"
        savedSearchId   = "OOBSS-management-dashboard-compartment-filter"
        state           = "DEFAULT"
        parametersMap   = { isActiveCompartment = "true", isStoreInLocalStorage = false }
      },
      { name = "time", src = "$(context.time)" },
    ]
  }
}

resource "oci_management_dashboard_management_dashboards_import" "this" {
  count = var.dashboard && local.complete ? 1 : 0

  import_details = jsonencode({ dashboards = [local.dashboard] })
}
