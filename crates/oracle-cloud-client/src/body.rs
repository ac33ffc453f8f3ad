//! The body of a request: bytes, or pieces of a known total length, which can be created again for
//! another attempt.
//!
//! Source: docs/spec/oci-request-signing.md#body-headers.

use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::{fmt, fs, io};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_core::Stream;
use hyper::body::{Frame, SizeHint};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

/// How much of a file is read at once.
const FILE_PIECE_BYTES: usize = 256 * 1024;
/// How many pieces are read ahead.
const FILE_PIECES_AHEAD: usize = 2;

type Pieces = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// The body of a request. Clones share the bytes.
///
/// ```
/// use oracle_cloud_client::Body;
///
/// let body = Body::from("hello");
/// assert_eq!((body.length(), format!("{body:?}")), (5, "Body(5 bytes)".to_owned()));
/// ```
#[derive(Clone, Default)]
pub struct Body {
    kind: Kind,
    is_unsigned: bool,
}

#[derive(Clone)]
enum Kind {
    Bytes(Bytes),
    Replayable { length: u64, make: Arc<dyn Fn() -> Pieces + Send + Sync> },
    Once { length: u64, pieces: Arc<Mutex<Option<Pieces>>> },
}

impl Default for Kind {
    fn default() -> Self {
        Self::Bytes(Bytes::new())
    }
}

/// Why a body was not sent whole.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the body could not be read")]
    Read(#[source] io::Error),
    #[error("the body is longer than announced")]
    TooLong,
    #[error("the body is shorter than announced")]
    TooShort,
}

impl Body {
    /// Creates a body of `length` bytes in pieces. `make` creates the pieces again for each
    /// attempt, so that an upload can be retried. A body that is longer or shorter is not sent
    /// whole, and is an error.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use oracle_cloud_client::Body;
    ///
    /// let piece = Bytes::from(vec![7; 1 << 20]);
    /// let make = move || {
    ///     let pieces = (0..5).map({
    ///         let piece = piece.clone();
    ///         move |_| Ok(piece.clone())
    ///     });
    ///     futures_util::stream::iter(pieces)
    /// };
    /// assert_eq!(Body::replayable(5 << 20, make).length(), 5 << 20);
    /// ```
    pub fn replayable<S>(length: u64, make: impl Fn() -> S + Send + Sync + 'static) -> Self
    where
        S: Stream<Item = io::Result<Bytes>> + Send + 'static,
    {
        let make = Arc::new(move || -> Pieces { Box::pin(make()) });
        Self { kind: Kind::Replayable { length, make }, is_unsigned: false }
    }

    /// Creates a body of `length` bytes in pieces that can be read only once: such a request is
    /// never retried. With a header `x-content-sha256` the signature covers that hash; without it
    /// the signature leaves the body out.
    ///
    /// ```
    /// use oracle_cloud_client::Body;
    ///
    /// let pieces = ["{\"a\"", ": 1}"].map(|text| Ok(text.into()));
    /// assert_eq!(Body::once(8, futures_util::stream::iter(pieces)).length(), 8);
    /// ```
    pub fn once<S>(length: u64, pieces: S) -> Self
    where
        S: Stream<Item = io::Result<Bytes>> + Send + 'static,
    {
        let pieces: Pieces = Box::pin(pieces);
        let pieces = Arc::new(Mutex::new(Some(pieces)));
        Self { kind: Kind::Once { length, pieces }, is_unsigned: false }
    }

    /// Opens a file, which is read again for each attempt, piece by piece.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let body = oracle_cloud_client::Body::from_file("Cargo.toml").await?;
    /// assert!(body.length() > 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If it cannot be read, or is not a regular file: only a regular file has a known length.
    pub async fn from_file(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        let (path, metadata) = spawn_blocking(move || {
            let metadata = fs::metadata(&path)?;
            // Opening a pipe would wait for its writer.
            if !metadata.is_file() {
                let what = "it is not a regular file, whose length is known";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
            }
            fs::File::open(&path).map(|_readable| (path, metadata))
        })
        .await??;
        Ok(Self::replayable(metadata.len(), move || FilePieces::open(path.clone())))
    }

    /// Leaves the body out of the signature, as uploads to Object Storage may be.
    ///
    /// ```
    /// use oracle_cloud_client::Body;
    ///
    /// assert_eq!(Body::from("hello").unsigned().length(), 5);
    /// ```
    #[must_use]
    pub fn unsigned(self) -> Self {
        Self { is_unsigned: true, ..self }
    }

    /// Returns how many bytes it has.
    ///
    /// ```
    /// assert_eq!(oracle_cloud_client::Body::from("hello").length(), 5);
    /// ```
    pub fn length(&self) -> u64 {
        match &self.kind {
            Kind::Bytes(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Kind::Replayable { length, .. } | Kind::Once { length, .. } => *length,
        }
    }

    /// Returns the bytes, if they are all in memory.
    pub(super) fn bytes(&self) -> Option<&Bytes> {
        match &self.kind {
            Kind::Bytes(bytes) => Some(bytes),
            Kind::Replayable { .. } | Kind::Once { .. } => None,
        }
    }

    pub(super) fn is_unsigned(&self) -> bool {
        self.is_unsigned
    }

    /// Returns whether it can be sent a second time.
    pub(super) fn can_be_sent_again(&self) -> bool {
        !matches!(self.kind, Kind::Once { .. })
    }

    /// Returns whether it must be read before it is sent: for its hash or, if its announced length
    /// is zero, to check that.
    pub(super) fn is_read_first(&self) -> bool {
        match self.kind {
            Kind::Bytes(_) => false,
            Kind::Replayable { length, .. } => !self.is_unsigned || length == 0,
            Kind::Once { length, .. } => length == 0,
        }
    }

    /// Reads the pieces and returns their SHA-256 in base64; `None` for bytes.
    pub(super) async fn hash(&self) -> Result<Option<String>, BodyError> {
        let Some(mut pieces) = self.pieces() else { return Ok(None) };
        let mut hash = Sha256::new();
        while let Some(piece) = poll_fn(|context| pieces.poll_piece(context)).await {
            hash.update(&piece?);
        }
        Ok(Some(STANDARD.encode(hash.finalize())))
    }

    /// Returns the pieces, created again or taken; `None` for bytes, and for pieces that were taken
    /// before.
    fn pieces(&self) -> Option<Exact> {
        match &self.kind {
            Kind::Bytes(_) => None,
            Kind::Replayable { length, make } => Some(Exact::new(make(), *length)),
            Kind::Once { length, pieces } => {
                let pieces = pieces.lock().unwrap_or_else(PoisonError::into_inner).take();
                pieces.map(|pieces| Exact::new(pieces, *length))
            }
        }
    }

    /// Returns the body for one attempt; `None` if there is nothing to send.
    pub(super) fn for_attempt(&self) -> Option<reqwest::Body> {
        match &self.kind {
            Kind::Bytes(bytes) if bytes.is_empty() => None,
            Kind::Bytes(bytes) => Some(bytes.clone().into()),
            Kind::Replayable { .. } | Kind::Once { .. } => self.pieces().map(reqwest::Body::wrap),
        }
    }
}

/// Shows only its length.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.length())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self { kind: Kind::Bytes(bytes), is_unsigned: false }
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from(text).into()
    }
}

impl From<()> for Body {
    fn from((): ()) -> Self {
        Self::default()
    }
}

/// Pieces whose total length is the announced one. Otherwise it fails before the last piece is
/// passed on: a service never receives a complete request with a part of its body.
struct Exact {
    // A mutex because the HTTP library requires `Sync` bodies; it is never contended.
    pieces: Mutex<Pieces>,
    left: u64,
    last: Option<Bytes>,
    is_over: bool,
}

impl Exact {
    fn new(pieces: Pieces, length: u64) -> Self {
        Self { pieces: Mutex::new(pieces), left: length, last: None, is_over: false }
    }

    /// Returns the next piece. The piece that completes the length is held back until the source
    /// has ended.
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        while !self.is_over {
            let pieces = self.pieces.get_mut().unwrap_or_else(PoisonError::into_inner);
            let Some(piece) = ready!(pieces.as_mut().poll_next(context)) else {
                self.is_over = true;
                return Poll::Ready(match (self.left, self.last.take()) {
                    (0, last) => last.map(Ok),
                    _ => Some(Err(BodyError::TooShort)),
                });
            };
            let piece = match piece {
                Ok(piece) if piece.is_empty() => continue,
                Ok(piece) => piece,
                Err(error) => return Poll::Ready(Some(Err(self.failed(BodyError::Read(error))))),
            };
            let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
            match self.left.checked_sub(length) {
                None => return Poll::Ready(Some(Err(self.failed(BodyError::TooLong)))),
                Some(0) => (self.left, self.last) = (0, Some(piece)),
                Some(left) => {
                    self.left = left;
                    return Poll::Ready(Some(Ok(piece)));
                }
            }
        }
        Poll::Ready(None)
    }

    fn failed(&mut self, error: BodyError) -> BodyError {
        (self.is_over, self.last) = (true, None);
        error
    }
}

impl hyper::body::Body for Exact {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.get_mut().poll_piece(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }

    fn size_hint(&self) -> SizeHint {
        let kept = self.last.as_ref().map_or(0, Bytes::len);
        SizeHint::with_exact(self.left.saturating_add(u64::try_from(kept).unwrap_or(u64::MAX)))
    }
}

/// A file that is read piece by piece outside the runtime.
struct FilePieces(mpsc::Receiver<io::Result<Bytes>>);

impl FilePieces {
    fn open(path: PathBuf) -> Self {
        let (sender, receiver) = mpsc::channel(FILE_PIECES_AHEAD);
        spawn_blocking(move || {
            if let Err(error) = read(&path, &sender) {
                // A receiver that is gone does not need the error either.
                drop(sender.blocking_send(Err(error)));
            }
        });
        Self(receiver)
    }
}

fn read(path: &Path, sender: &mpsc::Sender<io::Result<Bytes>>) -> io::Result<()> {
    let mut file = fs::File::open(path)?;
    loop {
        let mut piece = vec![0; FILE_PIECE_BYTES];
        let length = io::Read::read(&mut file, &mut piece)?;
        piece.truncate(length);
        if length == 0 || sender.blocking_send(Ok(piece.into())).is_err() {
            return Ok(());
        }
    }
}

impl Stream for FilePieces {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().0.poll_recv(context)
    }
}
