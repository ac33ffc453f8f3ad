//! The text of the models: they repeat their input, so that a test sees what reached them.

use serde_json::Value;

use crate::deployment::message_text;

/// Returns the reply to the messages of a user, the latest last.
pub(super) fn reply(said: &[String]) -> String {
    match said {
        [] => "You said nothing.".to_owned(),
        [last] => format!("You said: {last}"),
        [.., before, last] => format!("You said: {last} Before that you said: {before}"),
    }
}

/// Returns the texts of the user in a list of messages.
pub(super) fn of_user(messages: &[Value]) -> Vec<String> {
    let is_user = |message: &&Value| {
        let role = message.get("role").and_then(Value::as_str);
        role.is_some_and(|role| role.eq_ignore_ascii_case("user"))
    };
    messages
        .iter()
        .filter(is_user)
        .filter_map(|message| message_text(message.get("content")?))
        .collect()
}
