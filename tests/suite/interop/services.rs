//! The clients that people have for Generative AI and for other services against the emulated ones,
//! each with signatures of its own: what they send is taken, and what they get they understand.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use emulator::deployment::Authority;
use emulator::keys::Key;
use emulator::principal::{Issuer, ResourcePrincipal};
use emulator::services::generative_ai::{COMPARTMENT, OTHER_PROJECT, PROJECT};
use emulator::services::{Behaviour, QUEUE, Service, Services, VAULT};
use emulator::user::User;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

const SAID: &str = "You said: Grüße 🌸";
const SECRET: &[u8] = b"correct horse";

/// Which Python environment has a client: OCI's own take no OpenAI client of version 3.
#[derive(Clone, Copy)]
pub(super) enum Environment {
    Usual,
    OpenAi2,
}

/// The services, and the files that a client finds its credentials in.
struct Cloud {
    services: Services,
    secret: String,
    principal: ResourcePrincipal,
    files: TempDir,
}

impl Cloud {
    async fn start() -> Self {
        let (issuer, user, authority) = (Issuer::new(), User::new(), Authority::new());
        let files = tempfile::tempdir().unwrap();
        user.write(files.path()).unwrap();
        std::fs::write(files.path().join("ca.pem"), authority.pem()).unwrap();
        let hour = Duration::from_secs(3600);
        let principal =
            ResourcePrincipal::with(issuer.clone(), &Key::generate(), files.path(), hour).unwrap();
        let services = Services::start(issuer, user, &authority).await.unwrap();
        let secret = services.secrets().put("password", SECRET);
        Self { services, secret, principal, files }
    }

    /// Runs a client: what it prints. Every signature was right.
    async fn serve(&self, environment: Environment, script: &str) -> Value {
        let mut client = environment.client(script);
        let roots = self.files.path().join("ca.pem");
        client.env("REQUESTS_CA_BUNDLE", &roots).env("SSL_CERT_FILE", &roots);
        client.env("CONFIG", self.files.path().join("config"));
        client.env("COMPARTMENT", COMPARTMENT).env("PROJECT", PROJECT);
        client.env("OTHER_PROJECT", OTHER_PROJECT).env("QUEUE", QUEUE);
        client.env("SECRET", &self.secret).env("VAULT", VAULT);
        for (name, service) in [
            ("INFERENCE", Service::Inference),
            ("GENERATIVE_AI", Service::GenerativeAi),
            ("LANGUAGE", Service::Language),
            ("OBJECT_STORAGE", Service::ObjectStorage),
            ("SECRETS", Service::Secrets),
            ("QUEUE_ENDPOINT", Service::Queue),
        ] {
            client.env(name, self.services.url(service));
        }
        client.envs(self.principal.variables());
        let seen = printed(client).await;
        for received in self.services.received() {
            assert!(
                received.verdict.is_ok(),
                "{}: {:?}",
                received.request.target,
                received.verdict
            );
        }
        seen
    }
}

impl Environment {
    /// A client, which finds nothing in its environment but the path.
    pub(super) fn client(self, script: &str) -> Command {
        let python = match self {
            Self::Usual => "INTEROP_PYTHON",
            Self::OpenAi2 => "INTEROP_PYTHON_OPENAI2",
        };
        let python = std::env::var(python).expect("run .ci/interop");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/services");
        let mut client = Command::new(python);
        client.arg(folder.join(script)).stdin(Stdio::null()).env_clear();
        client.env("PATH", std::env::var_os("PATH").unwrap());
        // It asks nobody for prices.
        client.env("LITELLM_LOCAL_MODEL_COST_MAP", "True");
        client
    }
}

/// Runs a client: the last line that it prints, which is JSON.
pub(super) async fn printed(mut client: Command) -> Value {
    let output = spawn_blocking(move || client.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(printed.lines().last().unwrap()).unwrap()
}

#[tokio::test]
#[ignore = "needs Oracle's Python SDK; .ci/interop installs it"]
async fn the_sdk_calls_models_stores_objects_reads_texts_secrets_and_messages() {
    let cloud = Cloud::start().await;
    let seen = cloud.serve(Environment::Usual, "sdk.py").await;
    let models = [
        "openai.gpt-oss-120b",
        "openai.gpt-5.2",
        "xai.grok-4.3",
        "meta.llama-3.3-70b-instruct",
        "cohere.command-a-03-2025",
        "cohere.embed-v4.0",
        "cohere.rerank-v3.5",
    ];
    let expected = json!({
        "generative_ai": {
            "chat": [SAID, "stop", 6],
            "streamed": SAID,
            "cohere": "You said: Hello",
            "dimensions": [256, 256],
            "ranks": [[1, 1.0, "a red fox"], [0, 0.0, "a dog"]],
            "found": [["EMAIL", "jane@example.com"]],
            "injection": 0.0,
            "versions": ["ACTIVE"],
            "models": models,
            "elsewhere": [404, "NotAuthorizedOrNotFound"],
        },
        "object_storage": {
            "equal": true,
            "part": [250, 251, 252, 253, 254, 255, 0, 1, 2, 3],
            "range": "bytes 250-259/5242880",
            "head": ["5242880", "test", true],
            "listed": [["a/b c+ü.txt", 5_242_880], ["empty", 0]],
            "deleted": [404, "ObjectNotFound"],
        },
        "language": {
            "sentiment": "Positive",
            "entities": ["Oracle"],
            "translated": "hola mundo",
        },
        "secrets": {
            "by_id": STANDARD.encode(SECRET),
            "by_name": 1,
            "versions": [["CURRENT", "LATEST"]],
            "missing": [404, "NotAuthorizedOrNotFound"],
        },
        "queue": { "put": [1, 2], "got": ["one", "two"], "failures": 1, "left": 0 },
    });
    assert_eq!(seen, expected);
    let received = cloud.services.received();
    let upload = received.iter().find(|one| one.request.method == "PUT").unwrap();
    assert_eq!(upload.request.text("expect"), Some("100-continue"));
    assert_eq!(upload.request.text("x-content-sha256"), None);
}

#[tokio::test]
#[ignore = "needs OCI's client on top of OpenAI's; .ci/interop installs it"]
async fn oci_openai_chats_streams_and_responds_as_a_user_and_as_a_principal() {
    let cloud = Cloud::start().await;
    for behaviour in
        [Behaviour::ErrorAfter(2), Behaviour::Pieces(3), Behaviour::Throttle(Some("1".to_owned()))]
    {
        cloud.services.behave(Service::Inference, behaviour);
    }
    let seen = cloud.serve(Environment::OpenAi2, "oci_openai_client.py").await;
    let expected = json!({
        "interrupted": "The server had an error while processing your request.",
        "in_pieces": SAID,
        "throttled": SAID,
        "chat": SAID,
        "older": SAID,
        "actions": SAID,
        "principal": SAID,
        "streamed": SAID,
        "used": 6,
        "response": "You said: Hello",
        "streamed_response": "You said: Hello",
        "streamed_types": [
            "response.completed",
            "response.content_part.added",
            "response.content_part.done",
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.output_item.done",
            "response.output_text.delta",
            "response.output_text.done",
        ],
        "models": [404, "404"],
        "embeddings": [400, "400"],
        "unknown": [404, "404"],
        "compartment": [404, "NotAuthorizedOrNotFound"],
    });
    assert_eq!(seen, expected);
}

#[tokio::test]
#[ignore = "needs OCI's signatures for OpenAI's client; .ci/interop installs them"]
async fn oci_genai_auth_keeps_responses_conversations_files_and_stores_in_a_project() {
    let cloud = Cloud::start().await;
    let seen = cloud.serve(Environment::OpenAi2, "genai_auth_client.py").await;
    let expected = json!({
        "responses": {
            "second": "You said: two Before that you said: one",
            "read": "You said: one",
            "items": ["one"],
            "compacted": "compaction",
            "cancelled": "cancelled",
            "elsewhere": 404,
            "untyped": 400,
            "deleted": 404,
        },
        "conversations": {
            "response": "You said: two Before that you said: one",
            "roles": ["user", "user", "assistant"],
            "changed": { "of": "another" },
            "item": "one",
            "elsewhere": 404,
            "deleted": true,
        },
        "files": {
            "bytes": 36,
            "equal": true,
            "listed": [true],
            "elsewhere": [],
            "deleted": true,
        },
        "vector_stores": {
            "added": "completed",
            "batch": [1, "completed"],
            "found": ["fox", "dog"],
            "content": ["a quick fox"],
            "counted": 2,
            "removed": true,
            "deleted": true,
        },
        "containers": {
            "path": "/mnt/data/fox.bin",
            "equal": true,
            "listed": ["sums"],
            "deleted": 404,
        },
    });
    assert_eq!(seen, expected);
}

#[tokio::test]
#[ignore = "needs LangChain's models of OCI; .ci/interop installs them"]
async fn langchain_chats_streams_embeds_and_reranks() {
    let cloud = Cloud::start().await;
    let seen = cloud.serve(Environment::OpenAi2, "langchain_client.py").await;
    let expected = json!({
        "generic": SAID,
        "generic_streamed": SAID,
        "generic_async": [SAID, SAID],
        "cohere": SAID,
        "cohere_streamed": SAID,
        "responses": SAID,
        "responses_streamed": SAID,
        "chats": SAID,
        "renamed": ["You said: ", true],
        "dimensions": [256, 256],
        "first": ["a red fox"],
    });
    assert_eq!(seen, expected);
}

#[tokio::test]
#[ignore = "needs LiteLLM; .ci/interop installs it"]
async fn litellm_chats_streams_and_embeds_with_its_own_signatures() {
    let cloud = Cloud::start().await;
    let seen = cloud.serve(Environment::Usual, "litellm_client.py").await;
    let expected = json!({
        "chat": [SAID, 6],
        "streamed": SAID,
        "cohere": SAID,
        "dimensions": [1536, 1536],
        "refused": 404,
    });
    assert_eq!(seen, expected);
}
