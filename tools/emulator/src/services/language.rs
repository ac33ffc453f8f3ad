//! Language: reads texts with small lists of known words.

use serde_json::{Map, Value, json};

use super::answer::{Answer, Outcome};
use super::call::Call;
use super::document::set;
use super::generative_ai::COMPARTMENT;
use super::personal_data;
use super::words::{Word, words};

const BASE: &str = "/20221001/actions";
/// The most records of a call, the most characters of each, and of all.
const MAX_RECORDS: usize = 100;
const MAX_CHARACTERS: usize = 5000;
const MAX_TOGETHER: usize = 20_000;

/// Words that only one language has.
const LANGUAGES: [(&str, &str, &[&str]); 3] = [
    ("English", "en", &["the", "and", "is", "with", "of"]),
    ("Spanish", "es", &["el", "los", "es", "con", "muy"]),
    ("German", "de", &["der", "und", "ist", "mit", "sehr"]),
];
const GOOD: [&str; 4] = ["good", "great", "love", "excellent"];
const BAD: [&str; 4] = ["bad", "terrible", "hate", "awful"];
const MEDICINES: [&str; 3] = ["aspirin", "ibuprofen", "insulin"];
const TOPICS: [(&str, &[&str]); 2] =
    [("Sports", &["match", "team", "goal"]), ("Science", &["model", "atom", "species"])];
const TO_SPANISH: [(&str, &str); 4] =
    [("hello", "hola"), ("world", "mundo"), ("good", "bueno"), ("day", "día")];
/// The fewest letters of a key phrase.
const PHRASE: usize = 7;

/// A record of a call.
struct Record<'a> {
    key: &'a str,
    text: &'a str,
    words: Vec<Word<'a>>,
}

/// Answers a call.
pub(super) fn answer(call: &Call<'_>) -> Outcome {
    let segments = call.below(BASE).unwrap_or_default();
    let ("POST", [action]) = (call.method(), segments.as_slice()) else {
        return Err(Answer::unmapped());
    };
    let read: fn(&Record<'_>) -> Value = match *action {
        "batchDetectDominantLanguage" => |record| json!({ "languages": [language(record)] }),
        "batchDetectHealthEntities" => |record| in_english(entities(record, medicine)),
        "batchDetectLanguageEntities" => |record| in_english(entities(record, name)),
        "batchDetectLanguageKeyPhrases" => |record| in_english(key_phrases(record)),
        "batchDetectLanguagePiiEntities" => |record| in_english(personal(record)),
        "batchDetectLanguageSentiments" => |record| in_english(sentiment(record)),
        "batchDetectLanguageTextClassification" => |record| in_english(topic(record)),
        "batchLanguageTranslation" => translation,
        _ => return Err(Answer::unmapped()),
    };
    let details = call.object().map_err(|message| Answer::parameter(&message))?;
    // Without a compartment the service chooses one.
    match details.get("compartmentId").filter(|compartment| !compartment.is_null()) {
        None => {}
        Some(compartment) if compartment == COMPARTMENT => {}
        Some(_) => return Err(Answer::hidden()),
    }
    let target = details.get("targetLanguageCode");
    if *action == "batchLanguageTranslation" && target.is_none_or(|target| target != "es") {
        return Err(Answer::parameter("targetLanguageCode is not es, the one language known here"));
    }
    let documents: Vec<Value> = records(&details)?
        .iter()
        .map(|record| {
            let mut document = read(record);
            set(&mut document, "key", record.key);
            document
        })
        .collect();
    Ok(Answer::json(&json!({ "documents": documents, "errors": [] })))
}

fn records(details: &Map<String, Value>) -> Result<Vec<Record<'_>>, Answer> {
    let documents = details.get("documents").and_then(Value::as_array);
    let documents = documents.filter(|documents| (1..=MAX_RECORDS).contains(&documents.len()));
    let Some(documents) = documents else {
        return Err(Answer::parameter("documents is not a list of 1 to 100 records"));
    };
    let mut together = 0;
    let mut records: Vec<Record<'_>> = Vec::new();
    for document in documents {
        let member = |name: &str| document.get(name).and_then(Value::as_str);
        let Some((key, text)) = member("key").zip(member("text")) else {
            return Err(Answer::parameter("a record has no key or no text"));
        };
        let characters = text.chars().count();
        together += characters;
        if characters > MAX_CHARACTERS || together > MAX_TOGETHER {
            return Err(Answer::parameter("a record, or all of them, have too many characters"));
        }
        if records.iter().any(|record| record.key == key) {
            return Err(Answer::parameter("a key is there twice"));
        }
        records.push(Record { key, text, words: words(text) });
    }
    Ok(records)
}

fn in_english(mut found: Value) -> Value {
    set(&mut found, "languageCode", "en");
    found
}

/// Returns how many words of a record are in `known`.
fn count(record: &Record<'_>, known: &[&str]) -> u32 {
    let is_known = |word: &&Word<'_>| known.contains(&word.text.to_lowercase().as_str());
    u32::try_from(record.words.iter().filter(is_known).count()).unwrap_or(u32::MAX)
}

fn language(record: &Record<'_>) -> Value {
    let known = LANGUAGES.iter().map(|(name, code, known)| (count(record, known), name, code));
    let (found, name, code) = known.max_by_key(|(found, ..)| *found).unwrap_or((0, &"", &""));
    json!({ "name": name, "code": code, "score": if found > 0 { 1.0 } else { 0.0 } })
}

/// Returns the words of a record that have a kind, as entities.
fn entities(record: &Record<'_>, kind: fn(&str) -> Option<&'static str>) -> Value {
    let found = record.words.iter().filter_map(|word| Some(entity(kind(word.text)?, *word)));
    json!({ "entities": found.collect::<Vec<_>>() })
}

fn entity(kind: &str, word: Word<'_>) -> Value {
    json!({
        "type": kind,
        "text": word.text,
        "offset": word.offset,
        "length": word.length(),
        "score": 1.0,
    })
}

/// A word with a capital is a name.
fn name(word: &str) -> Option<&'static str> {
    word.starts_with(char::is_uppercase).then_some("ORGANIZATION")
}

fn medicine(word: &str) -> Option<&'static str> {
    MEDICINES.contains(&word.to_lowercase().as_str()).then_some("MEDICINE")
}

fn key_phrases(record: &Record<'_>) -> Value {
    let long = record.words.iter().filter(|word| word.length() >= PHRASE);
    let phrases: Vec<Value> = long.map(|word| json!({ "text": word.text, "score": 1.0 })).collect();
    json!({ "keyPhrases": phrases })
}

fn personal(record: &Record<'_>) -> Value {
    let found = personal_data::find(record.text);
    let masked = found.iter().fold(record.text.to_owned(), |text, (_, word)| {
        text.replacen(word.text, &"*".repeat(word.length()), 1)
    });
    let entities: Vec<Value> = found.into_iter().map(|(kind, word)| entity(kind, word)).collect();
    json!({ "entities": entities, "maskedText": masked })
}

fn sentiment(record: &Record<'_>) -> Value {
    let (good, bad) = (count(record, &GOOD), count(record, &BAD));
    let said = match (good > 0, bad > 0) {
        (true, true) => "Mixed",
        (true, false) => "Positive",
        (false, true) => "Negative",
        (false, false) => "Neutral",
    };
    let score = |name: &str| (name.to_owned(), json!(if name == said { 1.0 } else { 0.0 }));
    let scores: Map<String, Value> =
        ["Mixed", "Positive", "Negative", "Neutral"].into_iter().map(score).collect();
    let sentence = json!({
        "text": record.text,
        "offset": 0,
        "length": record.text.chars().count(),
        "sentiment": said,
        "scores": scores,
    });
    json!({
        "documentSentiment": said,
        "documentScores": scores,
        "aspects": [],
        "sentences": [sentence],
    })
}

fn topic(record: &Record<'_>) -> Value {
    let topics = TOPICS.iter().map(|(label, known)| (count(record, known), label));
    let found = topics.filter(|(found, _)| *found > 0);
    let labels: Vec<Value> =
        found.map(|(_, label)| json!({ "label": label, "score": 1.0 })).collect();
    json!({ "textClassification": labels })
}

/// Translates the known words into Spanish and keeps the others.
fn translation(record: &Record<'_>) -> Value {
    let translated = record.words.iter().map(|word| {
        let known = TO_SPANISH.iter().find(|(english, _)| *english == word.text.to_lowercase());
        known.map_or(word.text, |(_, spanish)| spanish)
    });
    let text = translated.collect::<Vec<_>>().join(" ");
    json!({ "translatedText": text, "sourceLanguageCode": "en", "targetLanguageCode": "es" })
}
