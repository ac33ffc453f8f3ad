//! Language: calls with many texts.

use emulator::services::Service;
use emulator::services::generative_ai::COMPARTMENT;
use serde_json::{Value, json};

use super::client::Setup;
use crate::deployment::client::Answer;

async fn batch(setup: &Setup, action: &str, texts: &[&str], more: Value) -> Answer {
    let documents: Vec<Value> = texts
        .iter()
        .enumerate()
        .map(|(number, text)| json!({ "key": number.to_string(), "text": text }))
        .collect();
    let mut body = more;
    body["documents"] = json!(documents);
    setup.json(Service::Language, &format!("/20221001/actions/{action}"), "", &body).await
}

#[tokio::test]
async fn each_call_reads_the_texts_in_its_way() {
    let setup = Setup::new().await;
    let text = "The Oracle is great: call jane@example.com for aspirin with extraordinary results";
    for (action, pointer, expected) in [
        ("batchDetectDominantLanguage", "/languages/0/code", json!("en")),
        ("batchDetectHealthEntities", "/entities/0/text", json!("aspirin")),
        ("batchDetectLanguageEntities", "/entities/1/text", json!("Oracle")),
        ("batchDetectLanguageKeyPhrases", "/keyPhrases/2/text", json!("extraordinary")),
        ("batchDetectLanguagePiiEntities", "/entities/0/offset", json!(26)),
        ("batchDetectLanguageSentiments", "/documentSentiment", json!("Positive")),
        ("batchDetectLanguageTextClassification", "/textClassification", json!([])),
    ] {
        let answer = batch(&setup, action, &[text], json!({ "compartmentId": COMPARTMENT })).await;
        let document = answer.json()["documents"][0].clone();
        assert_eq!(document.pointer(pointer), Some(&expected), "{action}: {document}");
        assert_eq!(document["key"], "0");
    }
    let more = json!({ "targetLanguageCode": "es" });
    let answer = batch(&setup, "batchLanguageTranslation", &["Hello world"], more).await.json();
    assert_eq!(answer["documents"][0]["translatedText"], "hola mundo");
    let pii = batch(&setup, "batchDetectLanguagePiiEntities", &[text], json!({})).await.json();
    assert!(!pii["documents"][0]["maskedText"].as_str().unwrap().contains("jane"));
}

#[tokio::test]
async fn what_is_too_much_or_in_another_compartment_is_refused() {
    let setup = Setup::new().await;
    let action = "batchDetectDominantLanguage";
    let (long, most) = ("x".repeat(5001), "x".repeat(5000));
    for (texts, status) in [
        (vec!["x"; 100], 200),
        (vec!["x"; 101], 400),
        (vec![], 400),
        (vec![long.as_str()], 400),
        (vec![most.as_str(); 4], 200),
        (vec![most.as_str(); 5], 400),
    ] {
        assert_eq!(batch(&setup, action, &texts, json!({})).await.status, status);
    }
    let other = json!({ "compartmentId": "ocid1.compartment.oc1..other" });
    assert_eq!(batch(&setup, action, &["x"], other).await.status, 404);
    assert_eq!(batch(&setup, "batchUnknown", &["x"], json!({})).await.status, 404);
    assert_eq!(batch(&setup, "batchLanguageTranslation", &["x"], json!({})).await.status, 400);
}
