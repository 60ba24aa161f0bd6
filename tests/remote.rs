//! Models on a server, played by a small one on this machine's loopback.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use expect_test::{Expect, expect};
use midfill::completion::{self, Ask, Means};
use midfill::config::CompletionConfig;
use midfill::config::remote::{Kind, Remote};
use midfill::model::{Event, Job, Model};
use midfill::remote;
use midfill::session::Snapshot;
use serde_json::{Value, json};

/// No read or write of a test waits longer.
const LIMIT: Duration = Duration::from_secs(20);

/// A server that gives these answers, one a connection, and remembers what it was asked.
struct Played {
    url: String,
    requests: Arc<Mutex<Vec<Asked>>>,
    /// Tells of a connection that the other side closed before it had its whole answer.
    closed: mpsc::Receiver<()>,
}

#[derive(Debug, Clone)]
struct Asked {
    /// The request line and the headers.
    head: String,
    body: Value,
}

enum Answer {
    /// Status line and further headers, then the body, and the connection is closed.
    Whole(&'static str, String),
    /// Events, and then silence until the other side closes.
    Endless(String),
}

fn play(answers: Vec<Answer>) -> Played {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let requests: Arc<Mutex<Vec<Asked>>> = Arc::default();
    let (tell, closed) = mpsc::channel();
    let record = requests.clone();
    std::thread::spawn(move || {
        for answer in answers {
            let Ok((mut stream, _)) = listener.accept() else {
                return;
            };
            let asked = read(&stream);
            record.lock().expect("no panic").push(asked);
            match answer {
                Answer::Whole(head, body) => {
                    let _ = write!(stream, "HTTP/1.1 {head}\r\nConnection: close\r\n\r\n{body}");
                }
                Answer::Endless(events) => {
                    let _ = write!(stream, "HTTP/1.1 200 OK\r\n\r\n{events}");
                    let _ = stream.flush();
                    let mut rest = [0; 1];
                    if matches!(stream.read(&mut rest), Ok(0) | Err(_)) {
                        let _ = tell.send(());
                    }
                }
            }
        }
    });
    Played {
        url,
        requests,
        closed,
    }
}

fn read(stream: &TcpStream) -> Asked {
    stream.set_read_timeout(Some(LIMIT)).expect("a live socket");
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a request has a head");
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a request has a body");
    Asked {
        head,
        body: serde_json::from_slice(&body).expect("a request is JSON"),
    }
}

fn events(events: &[Value]) -> String {
    events
        .iter()
        .map(|event| format!("data: {event}\n\n"))
        .collect()
}

fn ok(list: &[Value]) -> Answer {
    Answer::Whole("200 OK\r\nContent-Type: text/event-stream", events(list))
}

fn infill_words(words: &[(&str, f64)]) -> Vec<Value> {
    let piece = |(text, logprob): &(&str, f64)| json!({"content": text, "stop": false, "completion_probabilities": [{"logprob": logprob}]});
    let mut list: Vec<Value> = words.iter().map(piece).collect();
    list.push(json!({"content": "", "stop": true, "stop_type": "eos",
                     "timings": {"cache_n": 40, "prompt_n": 2}}));
    list
}

fn at(url: &str, kind: Kind) -> Remote {
    Remote::at(url.to_owned(), kind)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime needs nothing but memory")
        .block_on(future)
}

/// What a user sees for a file with `$0` as the cursor, and what it cost.
fn complete(model: Model, fixture: &str) -> String {
    let offset = fixture.find("$0").expect("the fixture has a cursor");
    let snapshot = Snapshot::of("pkg/a.py", &fixture.replacen("$0", "", 1));
    let means = Means::new(model, CompletionConfig::default());
    let ask = Ask {
        offset,
        invoked: false,
    };
    match block_on(completion::complete(&snapshot, ask, &means)) {
        Ok(answer) => format!(
            "{:?} ({} reused, {} computed), asked: {}",
            answer.text.or(answer.why_nothing).unwrap_or_default(),
            answer.usage.n_reused,
            answer.usage.n_computed,
            answer.format.unwrap_or_default()
        ),
        Err(error) => format!("failed: {error}"),
    }
}

#[test]
fn llama_server_is_told_the_parts_and_what_it_writes_is_trimmed_as_ours_is() {
    let words = [
        ("x for x", -0.1),
        (" in range(3)]", -0.2),
        ("\nprint", -0.3),
    ];
    let server = play(vec![ok(&infill_words(&words))]);
    let model = remote::open(at(&server.url, Kind::LlamaServer), None);
    expect![[r#""x for x in range(3)" (0 reused, 25 computed), asked: the server's own (prefix, suffix, middle)"#]].assert_eq(&complete(model, "import os\n\nxs = [$0]\nprint(xs)\n"));
    let asked = server.requests.lock().expect("no panic")[0].clone();
    assert!(
        asked.head.starts_with("POST /infill HTTP/1.1"),
        "{}",
        asked.head
    );
    assert!(!asked.head.to_lowercase().contains("authorization"));
    expect![[r#"
        {
          "cache_prompt": true,
          "input_extra": [],
          "input_prefix": "import os\n\nxs = [",
          "input_suffix": "]\nprint(xs)\n",
          "n_predict": 48,
          "n_probs": 1,
          "prompt": "",
          "stop": [
            "\n"
          ],
          "stream": true,
          "temperature": 0.0
        }"#]]
    .assert_eq(&format!("{:#}", asked.body));
}

/// What the doctor says of a server, but for the machine it runs on, and its exit code.
fn doctor(arguments: &[&str]) -> (String, Option<i32>) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_midfill"))
        .arg("doctor")
        .args(arguments)
        .output()
        .expect("the program was built for this test");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let from = text
        .find("model  ")
        .unwrap_or_else(|| panic!("{text}{errors}"));
    (text[from..].to_owned(), output.status.code())
}

#[test]
fn the_doctor_asks_a_server_for_a_line_and_measures_nothing() {
    let server = play(vec![ok(&infill_words(&[("n * 2", -0.1)]))]);
    let (said, code) = doctor(&["--remote", &server.url]);
    assert!(
        said.contains("speed     not measured: the model runs on a server\n"),
        "{said}"
    );
    assert!(said.contains("          answered in "), "{said}");
    assert!(said.ends_with("All is well.\n"), "{said}");
    assert_eq!(code, Some(0));
    let asked = server.requests.lock().expect("no panic")[0].clone();
    assert_eq!(asked.body["input_prefix"], "def double(n):\n    return ");
}

#[test]
fn the_doctor_says_what_is_wrong_with_a_server() {
    let server = play(vec![Answer::Whole("404 Not Found", String::new())]);
    let (said, code) = doctor(&["--remote", &server.url]);
    assert!(said.contains("speed     not measured"), "{said}");
    assert!(
        said.contains("What is wrong:\n- the model server"),
        "{said}"
    );
    assert!(said.contains("404"), "{said}");
    assert_eq!(code, Some(1));
}

#[test]
fn openai_s_interface_gets_the_suffix_beside_the_prompt() {
    let answer = [
        json!({"choices": [{"text": "1", "logprobs": {"token_logprobs": [-0.5]}}]}),
        json!({"choices": [{"text": "2", "finish_reason": "stop"}]}),
        json!({"choices": [], "usage": {"prompt_tokens": 9,
               "prompt_tokens_details": {"cached_tokens": 4}}}),
    ];
    let server = play(vec![ok(&answer)]);
    let remote = Remote {
        model: Some("codestral".to_owned()),
        ..at(&server.url, Kind::OpenAi)
    };
    expect![[r#""12" (4 reused, 5 computed), asked: the server's own (prefix, suffix, middle)"#]]
        .assert_eq(&complete(remote::open(remote, None), "x = $0\ny = 2\n"));
    let asked = server.requests.lock().expect("no panic")[0].clone();
    assert!(asked.head.starts_with("POST /v1/completions HTTP/1.1"));
    expect![[r#"
        {
          "logprobs": 1,
          "max_tokens": 48,
          "model": "codestral",
          "prompt": "x = ",
          "stop": [
            "\n"
          ],
          "stream": true,
          "stream_options": {
            "include_usage": true
          },
          "suffix": "\ny = 2\n",
          "temperature": 0.0
        }"#]]
    .assert_eq(&format!("{:#}", asked.body));
}

#[test]
fn a_named_family_puts_its_sentinels_in_the_prompt_and_breaks_those_in_the_text() {
    let server = play(vec![ok(&[json!({"choices": [{"text": "1"}]})])]);
    let remote = Remote {
        family: Some("mellum".to_owned()),
        ..at(&format!("{}/v1/", server.url), Kind::OpenAi)
    };
    let fixture = "s = '<fim_suffix>'\nx = $0\ny = 2\n";
    expect![[r#""1" (0 reused, 0 computed), asked: Mellum (suffix, prefix, middle)"#]]
        .assert_eq(&complete(remote::open(remote, None), fixture));
    let asked = server.requests.lock().expect("no panic")[0].clone();
    assert!(asked.head.starts_with("POST /v1/completions HTTP/1.1"));
    expect![[r#"
        <filename>pkg/a.py
        <fim_suffix>
        y = 2
        <fim_prefix>s = '< fim_suffix>'
        x = <fim_middle>"#]]
    .assert_eq(asked.body["prompt"].as_str().unwrap_or_default());
    assert_eq!(asked.body.get("suffix"), None);
}

#[test]
fn dropping_the_answer_closes_the_connection() {
    let piece = json!({"content": "x", "stop": false});
    let server = play(vec![Answer::Endless(events(&[piece]))]);
    let model = remote::open(at(&server.url, Kind::LlamaServer), None);
    let tokenizer = block_on(model.ready()).map(|_| model.tokenizer());
    let tokenizer = tokenizer
        .expect("nothing is asked yet")
        .expect("it is ready");
    let mut generation = model.generate(Job {
        prompt: tokenizer.tokenize("x"),
        max_tokens: 100,
        ..Job::default()
    });
    loop {
        match generation.next_blocking() {
            Some(Event::Piece { text, .. }) if text == "x" => break,
            Some(Event::Started { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    drop(generation);
    server
        .closed
        .recv_timeout(LIMIT)
        .expect("the connection was closed");
}

/// What the user is told, with the port left out.
#[track_caller]
fn check_refusal(answers: Vec<Answer>, expected: Expect) {
    let server = play(answers);
    let model = remote::open(at(&server.url, Kind::LlamaServer), None);
    let shown = complete(model, "x = $0\n");
    expected.assert_eq(&shown.replace(&server.url, "URL"));
}

#[test]
fn every_failure_is_told_in_plain_words() {
    let said = |message: &str| json!({"error": {"message": message}}).to_string();
    let whole = |status, body| vec![Answer::Whole(status, body)];
    check_refusal(
        whole("401 Unauthorized", said("Invalid API Key")),
        expect![
            "failed: the model server URL does not accept the key (401: Invalid API Key). Set a valid one in `remote.apiKeyEnv` or `remote.apiKeyFile`."
        ],
    );
    check_refusal(
        whole("404 Not Found", said("File Not Found")),
        expect![
            "failed: the model server URL knows nothing at /infill (404: File Not Found). Check `remote.url`, `remote.kind` and `remote.model`."
        ],
    );
    check_refusal(
        whole("400 Bad Request", said("suffix is not supported")),
        expect![
            "failed: the model server URL does not understand the request (400: suffix is not supported). If it knows no `suffix`, name the model's family in `remote.family`."
        ],
    );
    check_refusal(
        whole("503 Service Unavailable", said("Loading model")),
        expect![
            "failed: the model server URL failed (503: Loading model). Its own log tells more."
        ],
    );
    check_refusal(
        whole("500 Oops", "no JSON".to_owned()),
        expect!["failed: the model server URL failed (500). Its own log tells more."],
    );
    check_refusal(
        whole("200 OK", "<html>Welcome</html>".to_owned()),
        expect![
            "failed: the model server URL answered with something that is no stream of events. Check that `remote.url` names the right server and `remote.kind` what it speaks."
        ],
    );
    check_refusal(
        whole("200 OK", "data: {oops\n\n".to_owned()),
        expect![
            "failed: the model server URL sent an event that is no JSON (key must be a string at line 1 column 2). Check that `remote.kind` names what it speaks."
        ],
    );
    let broken = format!("data: {}\n\n", said("the slot was lost"));
    check_refusal(
        whole("200 OK", broken),
        expect!["failed: the model server URL failed in the middle: the slot was lost."],
    );
    // A listener that is gone refuses.
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    drop(listener);
    let model = remote::open(at(&url, Kind::LlamaServer), None);
    let shown = complete(model, "x = $0\n").replace(&url, "URL");
    expect!["failed: the model server URL cannot be reached: Connection refused (os error 111). Start it, or correct `remote.url`."].assert_eq(&shown);
}

#[test]
fn a_server_that_asks_for_patience_is_left_alone() {
    let status = "429 Too Many Requests\r\nRetry-After: 60";
    let server = play(vec![
        Answer::Whole(status, String::new()),
        ok(&infill_words(&[("1", -0.1)])),
    ]);
    let model = remote::open(at(&server.url, Kind::LlamaServer), None);
    let first = complete(model.clone(), "x = $0\n").replace(&server.url, "URL");
    expect!["failed: the model server URL has been asked too often (429). It is asked again in 60 seconds."].assert_eq(&first);
    let second = complete(model, "x = $0\n").replace(&server.url, "URL");
    assert!(
        second.contains("asked not to be asked for another"),
        "{second}"
    );
    assert_eq!(server.requests.lock().expect("no panic").len(), 1);
}

#[test]
fn the_key_comes_from_a_file_and_goes_into_one_header() {
    let server = play(vec![ok(&infill_words(&[("1", -0.1)]))]);
    let key = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(key.path(), "s3cret\n").expect("writable");
    let remote = Remote {
        api_key_file: Some(key.path().to_owned()),
        ..at(&server.url, Kind::LlamaServer)
    };
    assert!(!format!("{remote:?}").contains("s3cret"));
    complete(remote::open(remote, None), "x = $0\n");
    let asked = server.requests.lock().expect("no panic")[0].clone();
    assert!(
        asked
            .head
            .to_lowercase()
            .contains("authorization: bearer s3cret")
    );
    assert!(!asked.body.to_string().contains("s3cret"));
}

#[test]
fn a_server_that_cannot_be_used_is_refused_before_anything_is_sent() {
    let check = |remote: Remote, expected: Expect| {
        let error = remote::open(remote, None).ready_blocking();
        expected.assert_eq(&error.expect_err("it cannot be used").to_string());
    };
    let url = "http://127.0.0.1:9";
    check(
        Remote {
            api_key_env: Some("MIDFILL_TEST_NO_SUCH_KEY".to_owned()),
            ..at(url, Kind::LlamaServer)
        },
        expect![
            "the model server http://127.0.0.1:9 wants a key from the environment variable `MIDFILL_TEST_NO_SUCH_KEY`, which is not set where the server of the editor was started."
        ],
    );
    check(
        Remote {
            family: Some("gpt".to_owned()),
            ..at(url, Kind::OpenAi)
        },
        expect![
            "the model server http://127.0.0.1:9 cannot be asked as `gpt`: there is no such family, there are Midfill, CodeGemma, Granite 4, Qwen-Coder, Mellum, StarCoder2, Granite Code or Refact, StarCoder, StableCode, SantaCoder, DeepSeek-Coder, CodeLlama, Codestral, Seed-Coder, GLM, Falcon-H1."
        ],
    );
    check(
        at("http://", Kind::OpenAi),
        expect!["the model server http:// has an address that is none: invalid format."],
    );
}
