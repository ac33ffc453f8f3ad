//! Does the clock of one service count for that service alone, and only when it was right?

use std::time::{Duration, SystemTime};

use emulator::deployment::{Behaviour, Certificate, ModelDeployment};
use http::Request;
use oracle_cloud_client::Client;

use super::client::{client_with, soon};
use crate::setup::Setup;

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;

/// Another deployment of the same cloud, at another port.
async fn another(setup: &Setup) -> ModelDeployment {
    let started =
        ModelDeployment::start(setup.issuer.clone(), &setup.authority, Certificate::Valid);
    started.await.unwrap()
}

/// A refusal of the signature by a service whose clock is off by so many seconds.
fn refused(seconds: f64) -> Behaviour {
    let date = httpdate::fmt_http_date(moved(SystemTime::now(), seconds));
    Behaviour::Reply(401, vec![("date".to_owned(), date)], b"{}".to_vec())
}

fn moved(time: SystemTime, seconds: f64) -> SystemTime {
    let by = Duration::from_secs_f64(seconds.abs());
    if seconds < 0.0 { time - by } else { time + by }
}

/// Sends one request to it: the status of the answer, and by how many seconds the dates of the tries were off.
async fn asked(client: &Client, deployment: &ModelDeployment) -> (u16, Vec<f64>) {
    let before = deployment.received().len();
    let request = Request::post(deployment.url("localhost")).body("{}".to_owned()).unwrap();
    let status = client.send_with(request, &soon()).await.unwrap().status().as_u16();
    let tries = deployment.received().split_off(before);
    let off = tries.iter().map(|received| {
        let date = httpdate::parse_http_date(received.request.text("date").unwrap()).unwrap();
        let off =
            |from: SystemTime, to: SystemTime| to.duration_since(from).map(|by| by.as_secs_f64());
        let off =
            off(SystemTime::now(), date).or_else(|_| off(date, SystemTime::now()).map(|by| -by));
        // To the minute: a second may pass on the way.
        (off.unwrap() / 60.0).round() * 60.0
    });
    (status, off.collect())
}

#[tokio::test]
async fn the_clock_of_one_service_is_never_that_of_another() {
    let setup = Setup::new().await;
    let (wild, other) = (another(&setup).await, another(&setup).await);
    let client = client_with(&setup, SystemTime::now, None);
    for off in [HOUR, -HOUR, 20.0 * HOUR, -DAY + 60.0] {
        // It refuses, says a wrong time, and takes what is signed by that time: what it would verify is not ours to judge.
        wild.behave(refused(off));
        wild.behave(Behaviour::Reply(400, Vec::new(), b"{}".to_vec()));
        assert_eq!(asked(&client, &wild).await, (400, vec![0.0, off]));
        // Another one that refuses everything says nothing of the time.
        for _ in 0..2 {
            other.behave(refused(0.0));
        }
        assert_eq!(asked(&client, &other).await, (401, vec![0.0, 0.0]), "{off}");
        assert_eq!(asked(&client, &other).await, (400, vec![0.0]), "{off}");
        // And neither does it for the machine.
        let now = client.now().duration_since(SystemTime::now() - Duration::from_secs(5)).unwrap();
        assert!(now < Duration::from_secs(10), "{now:?}");
        // It is kept for the one, until that one says otherwise.
        wild.behave(Behaviour::Reply(400, Vec::new(), b"{}".to_vec()));
        assert_eq!(asked(&client, &wild).await, (400, vec![off]));
        wild.behave(refused(0.0));
        assert_eq!(asked(&client, &wild).await, (400, vec![off, 0.0]));
        assert_eq!(asked(&client, &wild).await, (400, vec![0.0]));
    }
}

#[tokio::test]
async fn a_time_by_which_nothing_is_taken_is_not_kept() {
    let setup = Setup::new().await;
    let wild = another(&setup).await;
    let client = client_with(&setup, SystemTime::now, None);
    for off in [HOUR, -HOUR] {
        for _ in 0..2 {
            wild.behave(refused(off));
        }
        assert_eq!(asked(&client, &wild).await, (401, vec![0.0, off]));
        assert_eq!(asked(&client, &wild).await, (400, vec![0.0]));
        // Nor is one that was kept before.
        wild.behave(refused(off));
        wild.behave(Behaviour::Reply(400, Vec::new(), b"{}".to_vec()));
        assert_eq!(asked(&client, &wild).await, (400, vec![0.0, off]));
        for _ in 0..2 {
            wild.behave(refused(off));
        }
        assert_eq!(asked(&client, &wild).await, (401, vec![off, off]));
        assert_eq!(asked(&client, &wild).await, (400, vec![0.0]));
    }
}

#[tokio::test]
async fn a_time_that_is_more_than_a_day_away_is_ignored() {
    let setup = Setup::new().await;
    let wild = another(&setup).await;
    let client = client_with(&setup, SystemTime::now, None);
    for off in [DAY + 60.0, -DAY - 60.0, 30.0 * DAY, -30.0 * DAY, 7000.0 * DAY] {
        wild.behave(refused(off));
        assert_eq!(asked(&client, &wild).await, (400, vec![0.0, 0.0]), "{off}");
    }
}

#[tokio::test]
async fn a_wild_clock_leaves_its_own_service_callable() {
    let setup = Setup::new().await;
    let wild = another(&setup).await;
    let client = client_with(&setup, SystemTime::now, None);
    // By this time the token, which lives for an hour, is over, or not issued yet.
    for off in [3.0 * HOUR, -3.0 * HOUR] {
        wild.behave(refused(off));
        wild.behave(Behaviour::Reply(400, Vec::new(), b"{}".to_vec()));
        assert_eq!(asked(&client, &wild).await, (400, vec![0.0, off]));
        wild.behave(Behaviour::Reply(400, Vec::new(), b"{}".to_vec()));
        assert_eq!(asked(&client, &wild).await, (400, vec![off]));
        assert!(client.credentials().await.is_ok());
        assert_eq!(asked(&client, &wild).await, (400, vec![off, 0.0]));
    }
}
