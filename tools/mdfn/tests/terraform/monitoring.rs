//! Is everything that watches the function asked for before it is there, and does every query name
//! what the services document?

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::{Value, json};

use crate::module::place;
use crate::mql::Query;
use crate::plan::Plan;
use crate::setup::{COMPARTMENT, FUNCTION, compartment, least, least_and, plan};

const OWN: &str = "model_deployment_fn";
const TOPIC: &str = "ocid1.onstopic.oc1.eu-frankfurt-1.aaaaaaaapager";

/// Metrics and dimensions of a namespace.
///
/// Source: docs/spec/oci-services.md#metrics-of-services; docs/operations.md for the function's own.
fn documented(namespace: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match namespace {
        "oci_faas" => (
            &["FunctionExecutionDuration", "FunctionInvocationCount", "FunctionResponseCount"],
            &["applicationId", "resourceDisplayName", "resourceId", "resourceName", "responseType"],
        ),
        "oci_apigateway" => (
            &[
                "BackendHttpResponses",
                "HttpRequests",
                "HttpResponses",
                "IntegrationLatency",
                "Latency",
            ],
            &["deploymentId", "httpStatusCategory", "httpStatusCode", "resourceId", "route"],
        ),
        OWN => (
            &["calls", "duration_ms", "errors", "wait_ms"],
            &["code", "deployment", "function", "status"],
        ),
        other => panic!("the namespace {other}"),
    }
}

/// The query, if it names nothing but what is documented.
#[track_caller]
fn known(namespace: &str, text: &Value) -> Query {
    let query = Query::parse(text.as_str().unwrap()).unwrap_or_else(|error| panic!("{error}"));
    let (metrics, dimensions) = documented(namespace);
    assert!(metrics.contains(&query.metric.as_str()), "{text}");
    let named = query.dimensions.iter().map(|(name, _)| name).chain(&query.groups);
    named.for_each(|name| assert!(dimensions.contains(&name.as_str()), "{name} in {text}"));
    for (name, value) in &query.dimensions {
        let values: &[&str] = match name.as_str() {
            "responseType" => &["Success", "Error", "Throttled"],
            "httpStatusCategory" => &["2xx", "3xx", "4xx", "5xx"],
            "resourceId" => &[FUNCTION],
            "deploymentId" => &["ocid1.apideployment.oc1.eu-frankfurt-1.amaaaaaadeployment"],
            "function" => &["model-deployment-fn"],
            other => panic!("the dimension {other} of {text}"),
        };
        assert!(values.contains(&value.as_str()), "{text}");
    }
    assert_eq!(query.metric == "FunctionResponseCount", text.to_string().contains("responseType"));
    query
}

fn everything() -> Plan {
    plan(&least_and(&json!({
        "alarm_topic_ids": [TOPIC],
        "alarm_silence": 6,
        "metrics_namespace": OWN,
        "metrics_compartment_id": compartment("metrics"),
        "dashboard": true,
        "tracing": true,
    })))
}

fn alarms(plan: &Plan) -> Vec<(String, Value)> {
    let alarms = plan.resource("oci_monitoring_alarm.this");
    alarms.as_object().unwrap().iter().map(|(name, alarm)| (name.clone(), alarm.clone())).collect()
}

fn names(plan: &Plan) -> BTreeSet<String> {
    alarms(plan).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn nothing_watches_unless_asked_for() {
    let plan = plan(&least());
    assert_eq!(alarms(&plan), []);
    for absent in [
        "oci_ons_notification_topic.this",
        "oci_ons_subscription.this",
        "oci_apm_apm_domain.this",
        "oci_management_dashboard_management_dashboards_import.this",
        "oci_identity_policy.metrics",
        "oci_identity_policy.tracing",
    ] {
        assert_eq!(plan.resource(absent), json!([]), "{absent}");
    }
    for kind in ["application", "function"] {
        let resource = plan.resource(&format!("oci_functions_{kind}.this"));
        assert_eq!(resource.get("trace_config"), None, "{kind}");
    }
}

#[test]
fn lines_of_json_reach_logging_as_fields() {
    let plan = plan(&least());
    let application = plan.resource("oci_functions_application.this");
    assert_eq!(application["logging"], json!({ "line_format": "JSON" }));
    assert_eq!(plan.resource("oci_functions_function.this")["config"]["LOG_FORMAT"], "json");
    let scope = plan.output("log_scope");
    let parts: Vec<_> = scope.as_str().unwrap().split('/').collect();
    assert!(matches!(parts[..], [COMPARTMENT, group, log] if group != log), "{scope}");
}

#[test]
fn alarms_are_there_for_an_address() {
    let plan = plan(&least_and(&json!({ "alarm_email": "somebody@example.com" })));
    assert_eq!(plan.resource("oci_ons_subscription.this")[0]["endpoint"], "somebody@example.com");
    assert_eq!(
        names(&plan),
        ["function", "gateway", "slow", "throttled"].map(str::to_owned).into()
    );
    for (_, alarm) in alarms(&plan) {
        assert_eq!(alarm["destinations"].as_array().map(Vec::len), Some(1));
        assert_eq!(alarm["metric_compartment_id"], COMPARTMENT);
    }
    let alarm = &plan.resource("oci_monitoring_alarm.this")["function"];
    let query = format!(
        "FunctionResponseCount[5m]{{resourceId = \"{FUNCTION}\", responseType = \"Error\"}}.grouping().sum() > 0"
    );
    assert_eq!(alarm["query"], query);
}

#[test]
fn alarms_are_there_for_a_topic_that_is_given() {
    let plan = everything();
    assert_eq!(plan.resource("oci_ons_notification_topic.this"), json!([]));
    let all = ["errors", "function", "gateway", "latency", "silent", "slow", "throttled"];
    assert_eq!(names(&plan), all.map(str::to_owned).into());
    for (_, alarm) in alarms(&plan) {
        assert_eq!(alarm["destinations"], json!([TOPIC]));
    }
}

#[test]
fn every_alarm_asks_for_documented_metrics() {
    for (name, alarm) in alarms(&everything()) {
        let query = known(alarm["namespace"].as_str().unwrap(), &alarm["query"]);
        let absence = query.statistic.starts_with("absent");
        assert_eq!(query.threshold.is_some(), !absence, "{name}");
        assert_ne!(query.interval, "auto", "{name}");
        assert!(!query.dimensions.is_empty(), "{name} is about everybody's metrics");
    }
}

#[test]
fn alarms_on_the_functions_own_metrics_are_those_of_its_namespace() {
    let own: Vec<_> =
        alarms(&everything()).into_iter().filter(|(_, alarm)| alarm["namespace"] == OWN).collect();
    let metric =
        |(name, alarm): &(String, Value)| (name.clone(), known(OWN, &alarm["query"]).metric);
    let expected = [("errors", "errors"), ("latency", "duration_ms")];
    assert_eq!(
        own.iter().map(metric).collect::<Vec<_>>(),
        expected.map(|(name, metric)| (name.to_owned(), metric.to_owned()))
    );
    for (_, alarm) in own {
        assert_eq!(alarm["metric_compartment_id"], compartment("metrics"));
    }
}

#[test]
fn thresholds_follow_the_variables() {
    let given = json!({
        "alarm_topic_ids": [TOPIC], "timeout": 100, "alarm_latency": 2.5, "alarm_silence": 24, "metrics_namespace": OWN,
    });
    let alarms = plan(&least_and(&given)).resource("oci_monitoring_alarm.this");
    let query = |name: &str| Query::parse(alarms[name]["query"].as_str().unwrap()).unwrap();
    assert_eq!(query("slow").threshold, Some((">".to_owned(), 80_000.0)));
    assert_eq!(query("latency").threshold, Some((">".to_owned(), 2_500.0)));
    assert_eq!(query("silent").interval, "24h");
}

/// The body of an alarm is what an operator reads first, at night.
#[test]
fn every_alarm_says_what_to_look_at_first() {
    let page = std::fs::read_to_string(place("docs/troubleshooting.md")).unwrap();
    assert!(page.contains("\n## By symptom\n"));
    let operations = std::fs::read_to_string(place("docs/operations.md")).unwrap();
    let query = Regex::new(r"\b([a-z-]+\.query)").unwrap();
    let status = Regex::new(r"\b([45][0-9]{2})\b").unwrap();
    for (name, alarm) in alarms(&everything()) {
        let body = alarm["body"].as_str().unwrap();
        assert!(body.contains("First ") && body.len() < 1000, "{name}: {body}");
        assert!(body.contains("docs/troubleshooting.md, By symptom"), "{name}: {body}");
        assert!(operations.contains(&format!("\n| `{name}` | ")), "{name} is not explained");
        for query in query.captures_iter(body) {
            assert!(place("deploy/logging").join(&query[1]).exists(), "{name}: {}", &query[1]);
        }
        for status in status.captures_iter(body) {
            assert!(page.contains(&format!("\n| {}", &status[1])), "{name}: {}", &status[1]);
        }
    }
}

#[test]
fn metrics_are_posted_where_a_policy_allows_it_and_nowhere_else() {
    let without = plan(&least()).resource("oci_functions_function.this")["config"].clone();
    assert!(!without.to_string().contains("METRICS"), "{without}");

    let own = plan(&least_and(&json!({ "metrics_namespace": OWN })));
    let config = &own.resource("oci_functions_function.this")["config"];
    assert_eq!(config["METRICS_NAMESPACE"], OWN);
    assert_eq!(config.get("METRICS_COMPARTMENT"), None, "the function's own is its default");
    let statement = |place: &str| {
        format!(
            "Allow dynamic-group model-deployment-fn to {{METRIC_WRITE}} in compartment id {place} \
             where target.metrics.namespace = '{OWN}'"
        )
    };
    let policy =
        |plan: &Plan| plan.resource("oci_identity_policy.metrics")[0]["statements"].clone();
    assert_eq!(policy(&own), json!([statement(COMPARTMENT)]));

    let elsewhere = everything();
    let config = &elsewhere.resource("oci_functions_function.this")["config"];
    assert_eq!(config["METRICS_COMPARTMENT"], compartment("metrics"));
    assert_eq!(policy(&elsewhere), json!([statement(&compartment("metrics"))]));
}

#[test]
fn traces_go_to_a_domain_that_is_made() {
    let plan = plan(&least_and(&json!({ "tracing": true })));
    assert_eq!(plan.resource("oci_apm_apm_domain.this")[0]["is_free_tier"], true);
    let made = "ocid1.apmdomain.oc1.eu-frankfurt-1.aaaaaaaaapmdomain";
    let application = plan.resource("oci_functions_application.this");
    assert_eq!(application["trace_config"], json!({ "domain_id": made, "is_enabled": true }));
    let function = plan.resource("oci_functions_function.this");
    assert_eq!(function["trace_config"], json!({ "is_enabled": true }));
    let statement =
        format!("Allow service faas to use apm-domains in compartment id {COMPARTMENT}");
    assert_eq!(plan.resource("oci_identity_policy.tracing")[0]["statements"], json!([statement]));
}

#[test]
fn traces_go_to_a_domain_that_is_given() {
    let given = "ocid1.apmdomain.oc1.eu-frankfurt-1.aaaaaaaagiven";
    let domain = json!({ "id": given, "compartment_id": compartment("apm") });
    let plan = plan(&least_and(&json!({ "tracing": true, "apm_domain": domain })));
    assert_eq!(plan.resource("oci_apm_apm_domain.this"), json!([]));
    assert_eq!(plan.resource("oci_functions_application.this")["trace_config"]["domain_id"], given);
    let statement = &plan.resource("oci_identity_policy.tracing")[0]["statements"][0];
    assert!(statement.as_str().unwrap().ends_with(&compartment("apm")), "{statement}");
}

/// The dashboard that is imported.
fn dashboard(plan: &Plan) -> Value {
    let imported = plan.resource("oci_management_dashboard_management_dashboards_import.this");
    let details = imported[0]["import_details"].as_str().unwrap();
    let mut details: Value = serde_json::from_str(details).unwrap();
    details["dashboards"][0].take()
}

/// Source: docs/spec/oci-services.md#management-dashboard.
#[test]
fn the_dashboard_has_what_an_import_requires() {
    let dashboard = dashboard(&everything());
    for name in [
        "dashboardId",
        "providerId",
        "providerName",
        "providerVersion",
        "tiles",
        "displayName",
        "description",
        "compartmentId",
        "isOobDashboard",
        "isShowInHome",
        "metadataVersion",
        "isShowDescription",
        "screenImage",
        "nls",
        "uiConfig",
        "dataConfig",
        "type",
        "isFavorite",
        "savedSearches",
    ] {
        assert!(dashboard.get(name).is_some(), "{name}");
    }
    let mut taken = BTreeSet::new();
    for tile in dashboard["tiles"].as_array().unwrap() {
        for name in [
            "displayName",
            "savedSearchId",
            "row",
            "column",
            "height",
            "width",
            "nls",
            "uiConfig",
            "dataConfig",
            "state",
            "drilldownConfig",
        ] {
            assert!(tile.get(name).is_some(), "{name}");
        }
        assert!(taken.insert((tile["row"].to_string(), tile["column"].to_string())), "{tile}");
        assert_eq!(tile["uiConfig"]["defaultDataSource"], tile["dataConfig"][0]["name"]);
    }
}

#[test]
fn every_chart_asks_for_documented_metrics() {
    let charts = |plan: &Plan| {
        let tiles = dashboard(plan)["tiles"].as_array().unwrap().clone();
        let namespaces = tiles.iter().map(|tile| {
            let source = &tile["dataConfig"][0]["parameters"];
            let namespace = source["namespace"].as_str().unwrap();
            let query = known(namespace, &source["mql"]);
            assert_eq!(query.threshold, None);
            let drawn = format!("dimensions.{}", query.groups[0]);
            assert_eq!(
                tile["uiConfig"]["chartInfo"]["series"], drawn,
                "a chart shows what it groups by"
            );
            namespace.to_owned()
        });
        namespaces.collect::<Vec<_>>()
    };
    assert_eq!(charts(&everything()).iter().filter(|namespace| *namespace == OWN).count(), 6);
    let services = charts(&plan(&least_and(&json!({ "dashboard": true }))));
    assert_eq!(services, ["oci_faas", "oci_faas", "oci_faas", "oci_apigateway"]);
}
