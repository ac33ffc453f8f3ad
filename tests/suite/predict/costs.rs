//! What can one call cost, whatever the deployment does? The figures stand in `docs/security.md`.

use std::time::Duration;

use emulator::agent::Agent;
use emulator::deployment::Behaviour;
use futures_util::future::join_all;

use crate::setup::{Setup, targeted};

const MIB: usize = 1024 * 1024;
/// The most requests of one call, whatever comes back.
const TRIES: usize = 8;
/// The same of a body over 1 MiB.
const TRIES_OF_A_LARGE_BODY: usize = 3;
/// The same when one of the answers was a 500.
const TRIES_AFTER_500: usize = 2;

/// A deployment that never succeeds, and a call of it.
struct Hostile {
    /// The bytes that are sent to it, and those that it answers with.
    sizes: (usize, usize),
    /// The statuses of its answers, the last one for ever.
    answers: &'static [u16],
    /// How many requests it gets.
    requests: usize,
}

fn answer(status: u16, size: usize) -> Behaviour {
    // By a day that is long past, nothing is signed.
    let [date, at_once] = [("date", "Thu, 01 Jan 1970 00:00:00 GMT"), ("retry-after", "0")];
    let (name, value) = if status == 401 { date } else { at_once };
    Behaviour::Reply(status, vec![(name.to_owned(), value.to_owned())], vec![b'x'; size])
}

impl Hostile {
    /// Calls it once: how many requests came, and the bytes up and down.
    async fn cost(&self) -> (usize, usize, usize) {
        let setup = Setup::new().await;
        let program = setup.program.clone().timeout(Duration::from_secs(300));
        let function = Agent::start(program).await.unwrap();
        let last = std::iter::repeat(self.answers.last().unwrap());
        for status in self.answers.iter().chain(last).take(2 * TRIES) {
            setup.deployment.behave(answer(*status, self.sizes.1));
        }
        let answer = function.call(targeted(&setup.url(), vec![b'1'; self.sizes.0])).await;
        assert!(answer.status >= 429, "{:?} {answer:?}", self.answers);
        let received = setup.deployment.received();
        let up = received.iter().map(|received| received.request.body.len()).sum();
        (received.len(), up, received.len() * self.sizes.1)
    }
}

#[tokio::test]
async fn one_call_costs_eight_requests_18_mib_up_and_48_mib_down_at_most() {
    let case = |sizes, answers, requests| Hostile { sizes, answers, requests };
    let large = (MIB + 1, 100);
    let small = (MIB, 100);
    let cases = [
        case((1024, 6 * MIB), &[503][..], TRIES),
        case(small, &[429], TRIES),
        case(small, &[502, 504], TRIES),
        // A repetition after a refused signature is one of them, and so is that by the service's clock.
        case(small, &[503, 503, 503, 401, 503], TRIES),
        case(small, &[401, 503], TRIES),
        case(small, &[503, 503, 503, 503, 503, 503, 503, 401], TRIES),
        case(small, &[401], 2),
        case(small, &[500], TRIES_AFTER_500),
        case(large, &[500], TRIES_AFTER_500),
        case(small, &[500, 503], TRIES_AFTER_500),
        case(small, &[503, 500], TRIES_AFTER_500),
        case(small, &[500, 401], TRIES_AFTER_500),
        case(small, &[401, 500], TRIES_AFTER_500),
        case(small, &[503, 503, 500], 3),
        case((6 * MIB, 6 * MIB), &[503], TRIES_OF_A_LARGE_BODY),
        case(large, &[429], TRIES_OF_A_LARGE_BODY),
        case(large, &[502], TRIES_OF_A_LARGE_BODY),
        case(large, &[401, 503], TRIES_OF_A_LARGE_BODY),
        case(large, &[503, 503, 401], TRIES_OF_A_LARGE_BODY),
    ];
    let mut most = (0, 0, 0);
    for (case, (requests, up, down)) in
        cases.iter().zip(join_all(cases.iter().map(Hostile::cost)).await)
    {
        assert_eq!(requests, case.requests, "{:?}: {:?}", case.sizes, case.answers);
        most = (most.0.max(requests), most.1.max(up), most.2.max(down));
    }
    assert_eq!(most, (TRIES, 3 * 6 * MIB, TRIES * 6 * MIB));
}
