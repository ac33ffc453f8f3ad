//! Does docs/functions-in-rust.md show Rust that is compiled elsewhere, and does the function on it do what stands there?

use std::fs;
use std::path::Path;

use emulator::agent::{Agent, Intent, Invocation, Program};

use crate::end_to_end::body;
use crate::examples::example;

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn the_function_in_rust_is_the_example() {
    let page = file("docs/functions-in-rust.md");
    let blocks: Vec<&str> = page.split("```rust\n").skip(1).collect();
    let [block] = blocks[..] else { panic!("one block of Rust, not {}", blocks.len()) };
    let block = block.split_once("```").unwrap().0;
    let example = file("crates/fn-fdk/examples/quote.rs");
    assert!(example.ends_with(block), "{block}");
    assert!(block.starts_with("use fn_fdk::"), "{block}");
}

#[test]
fn every_line_of_rust_in_the_table_is_compiled() {
    let compiled =
        file("crates/fn-fdk/examples/quote.rs") + &file("crates/fn-fdk/tests/from_others.rs");
    let page = file("docs/functions-in-rust.md");
    let table = page.split_once("| Rust |\n").unwrap().1;
    let cells = table.lines().filter_map(|row| row.strip_suffix(" |")?.rsplit(" | ").next());
    // What is between backticks, and more than a name.
    let code = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let code: Vec<&str> = code.filter(|code| code.contains(['(', ':', '.'])).collect();
    let missing: Vec<_> = code.iter().filter(|code| !compiled.contains(**code)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(code.len() > 20, "{code:?}");
}

#[tokio::test]
async fn quote_multiplies_by_its_configuration_and_refuses_what_is_no_order() {
    let program = Program::new(example("quote")).config("PRICE", "250");
    let function = Agent::start(program).await.unwrap();
    let intent = || Intent::Gateway { method: "POST".to_owned(), url: "/".to_owned() };
    for (order, status, told) in [
        (r#"{"item": "tea", "quantity": 3}"#, 200, r#"{"item":"tea","total":750}"#),
        (r#"{"item": "tea", "quantity": 0}"#, 400, "expected a quantity from 1 to 1000"),
        (r#"{"item": 7, "quantity": 3}"#, 400, "expected a string at line 1 column 10"),
        ("tea", 400, "line 1 column 2"),
    ] {
        let call = Invocation { intent: intent(), ..Invocation::json(order) };
        let answer = function.call(call).await;
        let text = body(&answer).to_string();
        assert_eq!(answer.status, status, "{order}: {text}");
        assert!(text.contains(told), "{order}: {text}");
        let direct = function.call(Invocation::json(order)).await;
        assert_eq!(direct.status, if status == 200 { 200 } else { 502 }, "{order}");
    }
}
