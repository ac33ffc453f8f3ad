//! The URL of an issuer, whose key set is fetched and kept for an hour.

use std::error::Error;
use std::fmt;
use std::iter;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri};
use oracle_cloud_client::{Client, HttpClient, RequestOptions, RequestTimings, SendError};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::key_set::{KeySet, NotAKeySet};
use crate::source::KeySource;

/// How long a key set is used before it is asked for again.
const MAX_AGE: Duration = Duration::from_secs(3600);
/// An issuer is asked this often at most, whoever brings tokens of unknown keys.
const PAUSE: Duration = Duration::from_secs(60);
/// The same while there is no key set at all.
const PAUSE_WITHOUT_KEYS: Duration = Duration::from_secs(5);
/// The longest that an issuer is waited for, a second question included.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest that a call waits for an issuer while there is a key set.
const MAX_WAIT_WHILE_HELD: Duration = Duration::from_secs(1);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest key set that is read, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// A URL with a key set. One question at a time is asked, whoever waits for it or leaves. Cheap to
/// clone; the clones share the set.
///
/// ```
/// use oracle_cloud_client::{HttpClient, Trust};
/// use oracle_cloud_token::Issuer;
///
/// let keys = "https://idcs-0a1b.identity.oraclecloud.com/admin/v1/SigningCert/jwk";
/// let issuer = Issuer::new(keys.parse()?, HttpClient::new(&Trust::public()?)?);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Issuer(Arc<State>);

struct State {
    question: Question,
    held: RwLock<Option<Held>>,
    /// When it was last asked; held while it is.
    asked: Mutex<Option<Instant>>,
}

#[derive(Clone)]
struct Held {
    keys: Arc<KeySet>,
    since: Instant,
}

/// Shows nothing of the keys, nor of a URL that may have a secret in it.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("host", &self.question.url.host()).finish_non_exhaustive()
    }
}

impl Issuer {
    /// The key set at this URL, which is asked for over `http` when the first token comes.
    ///
    /// ```
    /// use oracle_cloud_client::{HttpClient, Trust};
    /// use oracle_cloud_token::Issuer;
    ///
    /// let keys = "https://issuer.example/keys".parse()?;
    /// let issuer = Issuer::new(keys, HttpClient::new(&Trust::public()?)?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(url: Uri, http: HttpClient) -> Self {
        Self::over(Question { url, http, signer: None })
    }

    /// The same of an identity domain that shows its keys to nobody but those who sign: it is asked
    /// once more, with a signature of `signer`.
    ///
    /// ```
    /// use oracle_cloud_client::{Client, HttpClient};
    /// use oracle_cloud_token::Issuer;
    ///
    /// fn guarded(url: http::Uri, http: HttpClient, client: Client) -> Issuer {
    ///     Issuer::guarded(url, http, client)
    /// }
    /// ```
    pub fn guarded(url: Uri, http: HttpClient, signer: Client) -> Self {
        Self::over(Question { url, http, signer: Some(signer) })
    }

    fn over(question: Question) -> Self {
        let (held, asked) = (RwLock::default(), Mutex::default());
        Self(Arc::new(State { question, held, asked }))
    }

    /// Asks for another set than the one that is known. In a task of its own, so that a caller who
    /// leaves takes the answer from nobody.
    async fn refresh(&self, known: Option<Arc<KeySet>>) {
        let state = self.0.clone();
        let refreshed = tokio::spawn(async move { state.refresh(known.as_ref()).await }).await;
        if let Err(error) = refreshed {
            log::error!("the key set was not asked for: {error}");
        }
    }
}

impl KeySource for Issuer {
    async fn current(&self) -> Option<Arc<KeySet>> {
        match self.0.held() {
            None => self.refresh(None).await,
            // Whoever comes while it is asked is not held up, and who asks not for long.
            Some(held) if held.since.elapsed() >= MAX_AGE && self.0.asked.try_lock().is_ok() => {
                drop(timeout(MAX_WAIT_WHILE_HELD, self.refresh(Some(held.keys))).await);
            }
            Some(_) => {}
        }
        self.0.held().map(|held| held.keys)
    }

    async fn newer_than(&self, known: &Arc<KeySet>) -> Option<Arc<KeySet>> {
        self.refresh(Some(known.clone())).await;
        self.0.held().map(|held| held.keys).filter(|keys| !Arc::ptr_eq(keys, known))
    }
}

impl State {
    fn held(&self) -> Option<Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn refresh(&self, known: Option<&Arc<KeySet>>) {
        let mut asked = self.asked.lock().await;
        let held = self.held().map(|held| held.keys);
        // Others waited for the same question.
        let is_known = held.as_ref().map(Arc::as_ptr) == known.map(Arc::as_ptr);
        let pause = if held.is_some() { PAUSE } else { PAUSE_WITHOUT_KEYS };
        if !is_known || asked.is_some_and(|at| at.elapsed() < pause) {
            return;
        }
        *asked = Some(Instant::now());
        match timeout(TIMEOUT, self.question.ask()).await.unwrap_or(Err(Unanswered::Late)) {
            Ok(keys) => {
                let held = Held { keys: Arc::new(keys), since: Instant::now() };
                *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(held);
            }
            Err(error) if known.is_some() => {
                log::warn!("{}; the last one stays in use", chain(&error));
            }
            Err(error) => log::warn!("{}; tokens cannot be checked", chain(&error)),
        }
    }
}

/// How an issuer is asked.
struct Question {
    url: Uri,
    http: HttpClient,
    signer: Option<Client>,
}

/// Why there is no newer key set.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error("the key set could not be fetched in time")]
    Late,
    #[error("the key set could not be fetched")]
    Unsent(#[source] SendError),
    #[error("the key set could not be fetched: status {0}")]
    Status(u16),
    #[error("the key set that was fetched cannot be used")]
    Unusable(#[from] NotAKeySet),
}

impl Question {
    async fn ask(&self) -> Result<KeySet, Unanswered> {
        let options = RequestOptions::default().max_answer(MAX_BYTES).attempts(1);
        let options = options.attempt_timeout(ATTEMPT_TIMEOUT).read_timeout(ATTEMPT_TIMEOUT);
        let answer = self.http.get_unsigned(&self.url, &options).await;
        let mut answer = answer.map_err(Unanswered::Unsent)?;
        let is_guarded =
            matches!(answer.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        if let Some(signer) = self.signer.as_ref().filter(|_| is_guarded) {
            answer = self.ask_signed(signer, &options).await.map_err(Unanswered::Unsent)?;
        }
        match answer.status() {
            StatusCode::OK => Ok(KeySet::parse(answer.body())?),
            status => Err(Unanswered::Status(status.as_u16())),
        }
    }

    async fn ask_signed(
        &self,
        signer: &Client,
        options: &RequestOptions,
    ) -> Result<Response<Bytes>, SendError> {
        let mut request = Request::new(());
        *request.uri_mut() = self.url.clone();
        let timings = &mut RequestTimings::default();
        signer.send_over(&self.http, request, options, timings).await
    }
}

/// An error and its causes in one line, for the log.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> String {
    let cause = |error: &&'a (dyn Error + 'static)| (*error).source();
    let causes: Vec<String> =
        iter::successors(Some(error), cause).map(ToString::to_string).collect();
    causes.join(": ")
}
