//! What breaks the real binary? Every fault of its agent, of the deployment, of the name service, of the disk, of the clock and of
//! the machine that a test can make; after each of them the same process has to answer a good call, and to hold nothing more.
//!
//! With `--nocapture` it prints how many faults were tried; the last line has the sum. `FAULTS_FUNCTION` names another binary than
//! that of this build.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::format_collect,
    clippy::wildcard_enum_match_arm,
    clippy::similar_names,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and sets its own time and environment"
)]

mod agent_faults;
mod answer_faults;
mod call_lines;
mod clock_faults;
mod cloud;
mod connect_faults;
mod disk_faults;
mod dns_faults;
mod function;
mod limits;
mod request_faults;
mod stops;
mod strange;
mod tally;
mod upstream;

#[path = "../suite/agent.rs"]
#[expect(dead_code, reason = "what serves a function in this process is for the other tests")]
mod agent;
