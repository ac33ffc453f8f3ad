//! What is refused before anything is asked.

use super::{HERE, Setup, ended};

#[tokio::test]
async fn each_mistake_on_the_command_line_is_named_and_nothing_is_asked() {
    let setup = Setup::new(HERE).await;
    let large = "x".repeat(4096);
    let large = ["--config", &format!("A={large}")].map(str::to_owned);
    let large: Vec<&str> = large.iter().map(String::as_str).collect();
    let file = |name: &str, text: &str| setup.write(name, text.as_bytes());
    let (list, number) = (file("list.json", "[]"), file("number.json", r#"{"A": 1}"#));
    let (twice, name) =
        (file("twice.json", r#"{"A": "", "A": ""}"#), file("name.json", r#"{"A=": ""}"#));
    let text = file("text.zip", "no archive");
    for (arguments, said) in [
        (large, "the settings have 4097 bytes"),
        (vec!["--config", "GONE"], "`--config GONE` names a variable that is not set"),
        (vec!["--config", "A=1", "--config", "A=2"], "the setting A is given twice"),
        (vec!["--config", "1A=1"], "does not begin with a digit"),
        (vec!["--config-file", &list], "not a JSON object in line 1"),
        (vec!["--config-file", &number], "A is not a text"),
        (vec!["--config-file", &twice], "the setting A is given twice"),
        (vec!["--config-file", &name], "`A=` is not the name of a setting"),
        (vec!["--config-file", &number, "--config", "A=1"], "A is not a text"),
        (vec!["--config-file", "/nowhere"], "cannot be read from /nowhere"),
        (vec!["--tag", "a"], "expected `NAME=VALUE`"),
        (vec!["--tag", "a=1", "--tag", "a=2"], "the tag a is given twice"),
        (vec!["--name", ""], "a value is required for '--name <NAME>'"),
        (vec!["--memory", "100"], "128, 256, 512, 1024, 2048, 3072"),
        (vec!["--timeout", "301"], "301 is not in 1..=300"),
        (vec!["--wait", "1201"], "1201 is not in 1..=1200"),
        (vec!["--image", "x"], "cannot be used with"),
        (vec!["--dry-run"], "cannot be used with"),
        (vec!["--compartment", "models"], "expected the OCID of a compartment"),
        (vec!["--profile", "OTHER"], "has no profile"),
        (vec!["--region", "a b"], "region"),
    ] {
        ended(&setup.deploy(&arguments).await, 2, &[said]);
    }
    let application = setup.application.as_str();
    let function = setup.path("function.zip");
    for (arguments, said) in [
        (
            vec!["--archive", &text, "--application", application, "--yes"],
            "would not become a function",
        ),
        (vec!["--archive", "/nowhere", "--application", application, "--yes"], "it cannot be read"),
        (vec!["--archive", &function, "--application", "ocid1.fnfunc.oc1..x"], "`ocid1.fnapp...`"),
        (
            vec!["--archive", &function, "--application", application],
            "there is no terminal to ask on",
        ),
        (vec!["--application", application], "--archive <FILE>|--image <NAME>"),
    ] {
        ended(&setup.run(&arguments).await, 2, &[said]);
    }
    assert!(setup.functions.asked().is_empty(), "{:?}", setup.functions.asked());
}

#[tokio::test]
async fn settings_with_which_the_function_would_not_start_are_refused_unless_it_is_another() {
    let setup = Setup::new(HERE).await;
    let wrong = ["--config", "ALLOWED_DEPLOYMENT=x"];
    let said = "did you mean ALLOWED_DEPLOYMENTS?";
    ended(&setup.deploy(&wrong).await, 2, &["would not start with these settings", said]);
    assert!(setup.changes().is_empty());
    let any = [&wrong[..], &["--any-function"]].concat();
    ended(&setup.deploy(&any).await, 0, &["is ACTIVE"]);
    // A file of the container is none of this machine.
    let roots = ["--name", "b", "--config", "SSL_CERT_FILE=/function/resources/roots.pem"];
    ended(&setup.deploy(&roots).await, 0, &["is ACTIVE"]);
}
