use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use expect_test::expect;

use super::*;
use crate::tests::{email, message, smtp};

/// What the sink says at each step; `None` hangs up there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Script {
    greeting: Option<&'static str>,
    rcpt: Option<&'static str>,
    data: Option<&'static str>,
    end: Option<&'static str>,
}

impl Script {
    pub(crate) fn accepting() -> Self {
        Self {
            greeting: Some("220 sink ready"),
            rcpt: Some("250 ok"),
            data: Some("354 go on"),
            end: Some("250 2.0.0 queued as 12345"),
        }
    }
}

/// An SMTP server that takes everything, or fails as its script says.
pub(crate) struct Sink {
    pub(crate) port: u16,
    mails: Receiver<String>,
}

impl Sink {
    pub(crate) fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, mails) = mpsc::channel();
        thread::spawn(move || {
            for connection in listener.incoming() {
                let mut log = String::new();
                // Whether the client hangs up early is for the test to judge.
                serve(&connection.unwrap(), script, &mut log).unwrap_or(());
                if sender.send(log).is_err() {
                    return; // the test is over
                }
            }
        });
        Self { port, mails }
    }

    /// What one client said.
    pub(crate) fn heard(&self) -> String {
        self.mails.recv().unwrap()
    }
}

fn serve(connection: &TcpStream, script: Script, log: &mut String) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection);
    let mut writer = connection;
    let mut say = |line: Option<&str>| match line {
        Some(line) => writer.write_all(format!("{line}\r\n").as_bytes()).map(|()| true),
        None => Ok(false),
    };
    if !say(script.greeting)? {
        return Ok(());
    }
    let mut in_data = false;
    let mut line = String::new();
    while 0 < reader.read_line(&mut line)? {
        let text = std::mem::take(&mut line);
        log.push_str(&text.replace("\r\n", "\n"));
        let verb = text.get(..4).unwrap_or("").to_ascii_uppercase();
        let goes_on = match verb.as_str() {
            _ if in_data && text == ".\r\n" => {
                in_data = false;
                say(script.end)?
            }
            _ if in_data => true,
            "RCPT" => say(script.rcpt)?,
            "DATA" => {
                in_data = script.data.is_some_and(|it| it.starts_with('3'));
                say(script.data)?
            }
            "QUIT" => return say(Some("221 bye")).map(|_| ()),
            _ => say(Some("250 ok"))?,
        };
        if !goes_on {
            return Ok(());
        }
    }
    Ok(())
}

fn send(script: Script) -> (String, String) {
    let sink = Sink::start(script);
    let mut notifier = SmtpNotifier::new(smtp(sink.port)).unwrap();
    notifier.server.timeout = Duration::from_secs(5);
    let said = match notifier.send(&email(), &message()) {
        Delivery::Accepted { reference } => format!("accepted: {reference}"),
        Delivery::Temporary { reason, .. } => format!("temporary: {reason}"),
        Delivery::Refused { reason } => format!("refused: {reason}"),
        Delivery::Unknown { reason } => format!("unknown: {reason}"),
    };
    (said, sink.mails.recv().unwrap())
}

#[test]
fn the_conversation_is_plain_smtp() {
    let (said, mail) = send(Script::accepting());
    assert_eq!(said, "accepted: 2.0.0 queued as 12345");
    expect![[r#"
        EHLO example.org
        MAIL FROM:<nines@example.org>
        RCPT TO:<ana@example.org>
        DATA
        From: nines <nines@example.org>
        To: ana@example.org
        Subject: checkout burns its budget =?utf-8?b?MTQuNMOX?=
        Date: Tue, 03 Feb 2026 04:05:06 +0000
        Message-ID: <461deb2d00062b259736acaf34e0a590@example.org>
        In-Reply-To: <3e5c8fcffb0c382f4b479f66721cd3b9@example.org>
        References: <3e5c8fcffb0c382f4b479f66721cd3b9@example.org>
        Auto-Submitted: auto-generated
        MIME-Version: 1.0
        Content-Type: multipart/alternative;
         boundary="f55be1c0c3d6452baed493b201cf94c8"

        --f55be1c0c3d6452baed493b201cf94c8
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: 7bit

        Since 04:01 checkout fails.
        Runbook: <checkout & payments>

        Acknowledge: http://localhost:9999/ack/abc?x=1&y=2

        --f55be1c0c3d6452baed493b201cf94c8
        Content-Type: text/html; charset=utf-8
        Content-Transfer-Encoding: quoted-printable

        <!doctype html>
        <html><body style=3D"font-family:sans-serif">
        <div style=3D"white-space:pre-wrap">Since 04:01 checkout fails.
        Runbook: &lt;checkout &amp; payments&gt;</div>
        <p><a href=3D"http://localhost:9999/ack/abc?x=3D1&amp;y=3D2" style=3D"font-=
        size:1.25em">Acknowledge</a></p>
        </body></html>

        --f55be1c0c3d6452baed493b201cf94c8--

        .
        QUIT
    "#]]
    .assert_eq(&mail);
}

#[test]
fn every_step_fails_with_its_own_meaning() {
    let good = Script::accepting();
    let scripts = [
        Script { greeting: Some("421 too busy"), ..good },
        Script { greeting: Some("554 go away"), ..good },
        Script { greeting: None, ..good },
        Script { rcpt: Some("450 greylisted"), ..good },
        Script { rcpt: Some("550 no such user"), ..good },
        Script { rcpt: None, ..good },
        Script { data: Some("452 disk full"), ..good },
        Script { data: None, ..good },
        Script { end: Some("451 try later"), ..good },
        Script { end: Some("554 looks like spam"), ..good },
        Script { end: None, ..good },
    ];
    let said: Vec<String> = scripts.iter().map(|it| send(*it).0).collect();
    expect![[r#"
        temporary: transient error (421): too busy
        refused: permanent error (554): go away
        temporary: response error: incomplete response
        temporary: transient error (450): greylisted
        refused: permanent error (550): no such user
        temporary: response error: incomplete response
        temporary: transient error (452): disk full
        temporary: response error: incomplete response
        temporary: transient error (451): try later
        refused: permanent error (554): looks like spam
        unknown: the message was sent, but not confirmed: response error: incomplete response"#]]
    .assert_eq(&said.join("\n"));
}

#[test]
fn a_silent_server_is_temporary_and_one_that_never_confirms_is_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut notifier = SmtpNotifier::new(smtp(listener.local_addr().unwrap().port())).unwrap();
    notifier.server.timeout = Duration::from_millis(200);
    let delivery = notifier.send(&email(), &message());
    assert!(matches!(delivery, Delivery::Temporary { .. }), "{delivery:?}");

    // A reply that announces more lines is none yet, so the client goes on waiting.
    let sink = Sink::start(Script { end: Some("250-wait"), ..Script::accepting() });
    notifier.server.port = sink.port;
    let delivery = notifier.send(&email(), &message());
    assert!(matches!(delivery, Delivery::Unknown { .. }), "{delivery:?}");
}

#[test]
fn a_closed_port_is_temporary() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let delivery = SmtpNotifier::new(smtp(closed)).unwrap().send(&email(), &message());
    assert!(matches!(delivery, Delivery::Temporary { .. }), "{delivery:?}");
}

#[test]
fn a_server_without_starttls_gets_no_message() {
    let sink = Sink::start(Script::accepting());
    let config = SmtpConfig { tls: Tls::StartTls, ..smtp(sink.port) };
    let delivery = SmtpNotifier::new(config).unwrap().send(&email(), &message());
    let Delivery::Refused { reason } = delivery else { panic!("{delivery:?}") };
    assert!(reason.contains("STARTTLS"), "{reason}");
    assert!(!sink.mails.recv().unwrap().contains("MAIL FROM"));
}

#[test]
fn what_is_no_address_is_refused() {
    let notifier = SmtpNotifier::new(smtp(1)).unwrap();
    for address in ["ana", "", "ana@example.org\r\nBcc: x@example.org"] {
        let channel = Channel::Email { address: address.to_owned() };
        let delivery = notifier.send(&channel, &message());
        assert!(matches!(delivery, Delivery::Refused { .. }), "{delivery:?}");
    }
}

#[test]
fn a_bad_configuration_is_an_error() {
    let password = Some("hunter2".to_owned());
    let user = Some("ana".to_owned());
    let configs = [
        SmtpConfig { from: "nobody".to_owned(), ..smtp(25) },
        SmtpConfig { username: user.clone(), ..smtp(25) },
        SmtpConfig { username: user, password: password.clone(), ..smtp(25) },
    ];
    let errors = configs.map(|it| SmtpNotifier::new(it).unwrap_err().to_string());
    expect![[r#"
        the sender `nobody` is not an e-mail address
        SMTP needs both a user name and a password, or neither
        SMTP with a password needs `tls`: the password would be readable on the way"#]]
    .assert_eq(&errors.join("\n"));
    let shown = format!("{:?}", SmtpConfig { password, ..smtp(25) });
    assert!(!shown.contains("hunter2"), "{shown}");
}
