//! Does anything of the server that holds a secret show it to whoever prints it?

use std::fs;
use std::path::Path;

use model_deployment_fn::process;
use model_deployment_server::config::Config;
use model_deployment_server::server::Server;
use oracle_cloud_client::Principal;

use crate::server::Setup;

const SECRET: &str = "marked-as-a-secret";

#[tokio::test]
async fn no_type_shows_what_it_holds() {
    let setup = Setup::new().await;
    let file = setup.directory.path().join("secret");
    fs::write(&file, SECRET).unwrap();
    let setup = setup.with("GATEWAY_SECRET_FILE", file.display().to_string());
    let var = |name: &str| setup.variable(name);
    let config = Config::from_environment(&var, &[]).unwrap();
    let mut shown = vec![format!("{config:?}{config:#?}")];
    let principal = Principal::from_vars(&var, process::now()).unwrap();
    let server = Server::new(config, principal, process::now).unwrap();
    shown.push(format!("{server:?}{server:#?}"));
    let numbers: Vec<String> = SECRET.bytes().map(|byte| byte.to_string()).collect();
    for secret in [SECRET.to_owned(), numbers.join(", "), numbers.join(",\n")] {
        assert!(shown.iter().all(|text| !text.contains(&secret)), "{shown:?}");
    }
}

/// Whoever writes `Debug` by hand has something to hide: each such type is a part of what is looked at here or beside it.
#[test]
fn every_type_with_a_debug_of_its_own_is_known() {
    let known = ["KeysAt", "Watched"];
    let (mut folders, mut found) =
        (vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(path).unwrap();
            let names = text.lines().filter_map(|line| line.split_once("Debug for "));
            found.extend(names.map(|(_, name)| name.split(['<', ' ']).next().unwrap().to_owned()));
        }
    }
    found.sort_unstable();
    assert_eq!(found, known);
}
