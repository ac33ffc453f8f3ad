//! A query of the Monitoring Query Language, as far as alarms and dashboards need it: one metric,
//! without joins and arithmetic.
//!
//! Source: docs/spec/oci-services.md#monitoring-query-language.

use regex::Regex;

/// Statistics without an argument.
const STATISTICS: [&str; 10] =
    ["avg", "count", "first", "increment", "last", "max", "mean", "min", "rate", "sum"];

#[derive(Debug, PartialEq)]
pub(crate) struct Query {
    pub(crate) metric: String,
    /// `1m` to `60m`, `1h` to `24h`, `1d`; in dashboards `auto`, too.
    pub(crate) interval: String,
    /// Names and values.
    pub(crate) dimensions: Vec<(String, String)>,
    /// Of `groupBy`.
    pub(crate) groups: Vec<String>,
    /// With its argument, as in `percentile(0.99)`.
    pub(crate) statistic: String,
    /// Operator and number.
    pub(crate) threshold: Option<(String, f64)>,
}

impl Query {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let whole = r"^([A-Za-z][A-Za-z0-9_]*)\[(\w+)\](?:\{([^{}]+)\})?((?:\.[A-Za-z]+\([^()]*\))+)(?: (>|>=|==|!=|<|<=) ([0-9]+(?:\.[0-9]+)?))?$";
        let whole = Regex::new(whole).unwrap();
        let parts = whole.captures(text).ok_or_else(|| format!("no query: {text}"))?;
        let part = |at: usize| parts.get(at).map_or("", |part| part.as_str());
        let interval = part(2).to_owned();
        if !is_interval(&interval) {
            return Err(format!("no interval: {interval}"));
        }
        let dimensions = match part(3) {
            "" => Vec::new(),
            list => list.split(", ").map(dimension).collect::<Result<_, _>>()?,
        };
        let calls = Regex::new(r"\.([A-Za-z]+)\(([^()]*)\)").unwrap();
        let calls: Vec<_> = calls
            .captures_iter(part(4))
            .map(|call| (call[1].to_owned(), call[2].to_owned()))
            .collect();
        let (statistic, grouping) = calls.split_last().ok_or("no statistic")?;
        let threshold =
            (!part(5).is_empty()).then(|| (part(5).to_owned(), part(6).parse().unwrap()));
        if (statistic.0 == "absent") && threshold.is_some() {
            return Err("an absence is compared with a number".to_owned());
        }
        Ok(Self {
            metric: part(1).to_owned(),
            interval,
            dimensions,
            groups: groups(grouping)?,
            statistic: checked(statistic)?,
            threshold,
        })
    }
}

fn is_interval(text: &str) -> bool {
    let within = |unit: char, most: u32| {
        text.strip_suffix(unit)
            .and_then(|number| number.parse().ok())
            .is_some_and(|number: u32| (1..=most).contains(&number))
    };
    within('m', 60) || within('h', 24) || within('d', 1) || text == "auto"
}

fn dimension(text: &str) -> Result<(String, String), String> {
    let form = Regex::new(r#"^([A-Za-z][A-Za-z0-9_]*) = "([^"]+)"$"#).unwrap();
    let parts = form.captures(text).ok_or_else(|| format!("no dimension: {text}"))?;
    Ok((parts[1].to_owned(), parts[2].to_owned()))
}

fn groups(calls: &[(String, String)]) -> Result<Vec<String>, String> {
    let name = Regex::new("^[A-Za-z][A-Za-z0-9_]*$").unwrap();
    match calls {
        [] => Ok(Vec::new()),
        [(call, none)] if call == "grouping" && none.is_empty() => Ok(Vec::new()),
        [(call, names)] if call == "groupBy" && names.split(", ").all(|one| name.is_match(one)) => {
            Ok(names.split(", ").map(str::to_owned).collect())
        }
        other => Err(format!("no grouping: {other:?}")),
    }
}

fn checked((name, argument): &(String, String)) -> Result<String, String> {
    let period = Regex::new("^([0-9]+[mhd])?$").unwrap();
    let good = match name.as_str() {
        "percentile" => argument.parse().is_ok_and(|part: f64| part > 0.0 && part < 1.0),
        "absent" => period.is_match(argument),
        name => STATISTICS.contains(&name) && argument.is_empty(),
    };
    good.then(|| format!("{name}({argument})"))
        .ok_or_else(|| format!("no statistic: {name}({argument})"))
}

#[test]
fn a_query_is_taken_apart() {
    let text = "Calls[5m]{function = \"f\", status = \"200\"}.groupBy(code, status).percentile(0.99) >= 1.5";
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expected = Query {
        metric: "Calls".to_owned(),
        interval: "5m".to_owned(),
        dimensions: vec![pair("function", "f"), pair("status", "200")],
        groups: vec!["code".to_owned(), "status".to_owned()],
        statistic: "percentile(0.99)".to_owned(),
        threshold: Some((">=".to_owned(), 1.5)),
    };
    assert_eq!(Query::parse(text), Ok(expected));
    assert_eq!(Query::parse("Calls[auto].grouping().absent(3d)").unwrap().threshold, None);
}

#[test]
fn a_broken_query_is_refused() {
    let good = "Calls[5m]{function = \"f\"}.groupBy(code).sum() > 0";
    assert!(Query::parse(good).is_ok());
    for (part, broken) in [
        ("[5m]", ""),
        ("5m", "61m"),
        ("5m", "0m"),
        ("5m", "2d"),
        ("}", ""),
        ("\"f\"", "f"),
        ("\"f\"", "\"f"),
        (" = ", ": "),
        ("groupBy(code)", "groupBy()"),
        ("groupBy", "groupby"),
        (".groupBy(code)", ".groupBy(code).grouping()"),
        ("sum()", "sum"),
        ("sum()", "total()"),
        ("sum()", "sum(1)"),
        ("sum()", "percentile(99)"),
        ("sum()", "absent()"),
        (".sum()", ""),
        (" > 0", " >"),
        (" > 0", " > much"),
        (" > 0", " > 0 &&"),
    ] {
        let text = good.replacen(part, broken, 1);
        assert!(Query::parse(&text).is_err(), "taken though broken: {text}");
    }
}
