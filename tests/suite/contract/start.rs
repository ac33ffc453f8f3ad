//! Publication of the socket, and an orderly stop.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;

use fn_fdk::{Error, Listener, Platform, PlatformError};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::agent::{Connection, Function, PATIENCE, request};

use super::echo;

#[tokio::test]
async fn fn_contract_7_and_8_the_name_is_a_relative_link_to_a_socket_for_everybody() {
    let function = Function::start(echo);
    let target = fs::read_link(&function.socket).unwrap();
    assert_eq!(target.components().count(), 1, "{target:?}");
    let metadata = fs::metadata(&function.socket).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o666);
}

#[tokio::test]
async fn fn_contract_10_files_of_an_earlier_process_are_replaced() {
    let prepare: [fn(&Path); 5] = [
        |dir| symlink(".s", dir.join("lsnr.sock")).unwrap(),
        |dir| drop(UnixListener::bind(dir.join(".s")).unwrap()),
        |dir| fs::write(dir.join(".s"), "").unwrap(),
        |dir| fs::write(dir.join("lsnr.sock"), "").unwrap(),
        |dir| {
            drop(UnixListener::bind(dir.join(".s")).unwrap());
            symlink(".s", dir.join("lsnr.sock")).unwrap();
        },
    ];
    for prepare in prepare {
        let directory = tempfile::tempdir().unwrap();
        prepare(directory.path());
        let socket = directory.path().join("lsnr.sock");
        let listener = Listener::publish(&socket).unwrap();
        Connection::open(listener.path()).await;
    }
}

#[tokio::test]
async fn fn_contract_10_what_cannot_be_replaced_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("lsnr.sock");
    fs::create_dir(&socket).unwrap();
    let error = Listener::publish(&socket).unwrap_err().to_string();
    assert!(error.contains("lsnr.sock") && error.contains("could not be removed"), "{error}");
}

#[tokio::test]
async fn fn_contract_11_a_path_of_107_bytes_is_served() {
    let directory = tempfile::tempdir().unwrap();
    for name_length in [1, 2, 3] {
        let padding = 107 - directory.path().as_os_str().len() - 2 - name_length;
        let folder = directory.path().join("d".repeat(padding));
        fs::create_dir_all(&folder).unwrap();
        let socket = folder.join("n".repeat(name_length));
        assert_eq!(socket.as_os_str().len(), 107);
        let listener = Listener::publish(&socket).unwrap();
        Connection::open(listener.path()).await;
    }
}

#[tokio::test]
async fn fn_contract_16_a_stop_lets_the_call_in_hand_finish_and_removes_the_files() {
    let (started, mut calls) = mpsc::channel(1);
    let released = Arc::new(Semaphore::new(1));
    let gate = released.clone();
    let mut function = Function::start(move |call| {
        let (started, gate) = (started.clone(), gate.clone());
        async move {
            started.send(()).await?;
            gate.acquire().await?.forget();
            Ok::<_, Error>(echo(call).await)
        }
    });
    let mut idle = function.connect().await;
    idle.send(request("", "")).await;
    calls.recv().await.unwrap();
    idle.answer().await;
    let mut busy = function.connect().await;
    busy.send(request("", "late")).await;
    calls.recv().await.unwrap();
    function.order_stop();
    let socket = function.socket.clone();
    let begun = async {
        while fs::symlink_metadata(&socket).is_ok() {
            yield_now().await;
        }
    };
    timeout(PATIENCE, begun).await.expect("no new connection is taken while the call goes on");
    released.add_permits(1);
    assert_eq!(busy.answer().await.text(), "late");
    function.stopped().await;
    assert!(fs::symlink_metadata(&socket).is_err());
    assert!(fs::symlink_metadata(socket.with_file_name(".s")).is_err());
}

#[test]
fn fn_contract_1_to_5_and_82_the_platform_is_understood_or_not_served() {
    let read = |vars: &[(&str, &str)]| {
        let known = |name: &str| vars.iter().find(|(known, _)| *known == name);
        Platform::from_vars(|name| known(name).map(|(_, value)| (*value).to_owned()))
    };
    let listener = ("FN_LISTENER", " unix:/tmp/iofs/lsnr.sock\n");
    let platform = read(&[
        listener,
        ("FN_FORMAT", "http-stream "),
        ("FN_LOGFRAME_NAME", "01FRAME\n"),
        ("FN_LOGFRAME_HDR", " Opc-Request-Id"),
    ]);
    let platform = platform.unwrap();
    assert_eq!(platform.listener, Path::new("/tmp/iofs/lsnr.sock"));
    let headers = [("opc-request-id".parse().unwrap(), "/a".parse().unwrap())];
    let line = platform.log_frame.unwrap().line(&headers.into_iter().collect());
    assert_eq!(line.unwrap(), b"\n01FRAME=/a\n");
    // Set to nothing, or to blanks, is absent; and there is no frame without both of its parts.
    for (name, header) in [("", "x"), ("x", " "), ("", "")] {
        let frame = [("FN_LOGFRAME_NAME", name), ("FN_LOGFRAME_HDR", header), ("FN_FORMAT", " ")];
        assert_eq!(read(&[&frame[..], &[listener]].concat()).unwrap().log_frame, None);
    }
    let mistakes = read(&[
        ("FN_FORMAT", "HTTP-stream"),
        ("FN_LISTENER", " "),
        ("FN_LOGFRAME_NAME", "a\nb"),
        ("FN_LOGFRAME_HDR", "Opc Request Id"),
    ]);
    let expected = vec![
        PlatformError::Format,
        PlatformError::ListenerMissing,
        PlatformError::LogFrameName,
        PlatformError::LogFrameHeader,
    ];
    assert_eq!(mistakes.unwrap_err().0, expected);
}
