//! Does a list come whole, whatever its pages are called?

use oracle_cloud_client::Error;
use serde::Deserialize;

use crate::service::{Service, answer};

#[derive(Debug, Deserialize)]
struct Bucket {
    name: String,
}

/// Two pages, of the one form or the other; the second one's name has characters that mean
/// something in a query.
async fn listing() -> Service {
    Service::start(|_, received| match received.target.split_once("page=") {
        None => {
            answer(200, &[("opc-next-page", "a+/=&b")], r#" [{"name": "one"}, {"name": "two"}]"#)
        }
        Some((_, "a%2B%2F%3D%26b")) => answer(200, &[], r#"{"items": [{"name": "three"}]}"#),
        Some(_) => answer(400, &[], "{}"),
    })
    .await
}

#[tokio::test]
async fn pages_come_one_after_the_other_by_a_name_that_is_encoded() {
    let service = listing().await;
    let buckets = service.service().await.get("/n/ns/b").query("compartmentId", "c");
    let mut pages = buckets.clone().pages();
    let mut names: Vec<Vec<String>> = Vec::new();
    while let Some(page) = pages.next().await.unwrap() {
        names.push(page.items::<Bucket>().unwrap().into_iter().map(|bucket| bucket.name).collect());
        assert!(page.answer().status().is_success());
    }
    assert_eq!(names, [vec!["one", "two"], vec!["three"]]);
    assert!(pages.next().await.unwrap().is_none());
    let all: Vec<Bucket> = buckets.pages().collect().await.unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(service.received()[1].target, "/n/ns/b?compartmentId=c&page=a%2B%2F%3D%26b");
}

#[tokio::test]
async fn a_list_that_begins_at_a_page_goes_on_with_the_next_one() {
    let service = Service::start(|number, _| match number {
        0 => answer(200, &[("opc-next-page", "3")], "[2]"),
        _ => answer(200, &[], "[3]"),
    })
    .await;
    let list = service.service().await.get("/x").query("page", "2").query("limit", 1);
    assert_eq!(list.pages().collect::<u8>().await.unwrap(), [2, 3]);
    let targets: Vec<String> =
        service.received().into_iter().map(|received| received.target).collect();
    assert_eq!(targets, ["/x?page=2&limit=1", "/x?limit=1&page=3"]);
}

#[tokio::test]
async fn a_page_that_failed_is_asked_for_again() {
    let service = Service::start(|number, _| match number {
        0 => answer(200, &[("opc-next-page", "2")], "[1]"),
        1 => answer(404, &[], "{}"),
        _ => answer(200, &[], "[2]"),
    })
    .await;
    let mut pages = service.service().await.get("/x").pages();
    assert_eq!(pages.next().await.unwrap().unwrap().items::<u8>().unwrap(), [1]);
    assert!(pages.next().await.unwrap_err().is_not_found());
    assert_eq!(pages.next().await.unwrap().unwrap().items::<u8>().unwrap(), [2]);
    assert!(pages.next().await.unwrap().is_none());
}

#[tokio::test]
async fn a_page_that_is_its_own_next_one_ends_in_an_error() {
    let service = Service::start(|_, _| answer(200, &[("opc-next-page", "same")], "[1]")).await;
    let all = service.service().await.get("/x").pages().collect::<u8>().await;
    assert!(matches!(all, Err(Error::Decode(_))), "{all:?}");
    assert_eq!(service.received().len(), 2);
}

#[tokio::test]
async fn pages_in_a_circle_end_in_an_error() {
    let service = Service::start(|number, _| {
        let next = ["a", "b", "c"][number % 3];
        answer(200, &[("opc-next-page", next)], "[1]")
    })
    .await;
    let all = service.service().await.get("/x").pages().collect::<u8>().await;
    assert!(matches!(all, Err(Error::Decode(_))), "{all:?}");
    assert_eq!(service.received().len(), 4);
}

#[tokio::test]
async fn items_of_another_kind_are_an_error() {
    let service = Service::saying(r#"{"items": [1]}"#).await;
    let page = service.service().await.get("/x").pages().next().await.unwrap().unwrap();
    assert!(matches!(page.items::<Bucket>(), Err(Error::Decode(_))));
}
