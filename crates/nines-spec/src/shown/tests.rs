use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::shown;

fn check(text: &str, expect: &Expect) {
    expect.assert_eq(&shown(text));
}

#[test]
fn what_is_not_secret_stays() {
    check(
        "# a comment\nglobal: {scrape_interval: 15s, external_labels: {dc: 'eu', n: 1}}\nscrape_configs:\n- job_name: a b\n  static_configs:\n  - targets: ['x:9090', y]\n  empty: []\n  none:\n",
        &expect![[r#"
            global:
              scrape_interval: "15s"
              external_labels:
                dc: eu
                n: 1
            scrape_configs:
              - job_name: "a b"
                static_configs:
                  - targets:
                      - "x:9090"
                      - y
                empty: []
                none: null
        "#]],
    );
}

#[test]
fn secrets_are_covered_however_they_are_written() {
    check(
        "basic_auth: {username: me, password: 'p, w'}\nauthorization:\n  type: Bearer\n  credentials: |\n    two\n    lines\nbearer_token: >-\n  folded\nanchored: &a hidden\nsecret: *a\npassword_file: /etc/pw\nurl: https://me:pw@host/path\nremote_write:\n- url: x\n  headers: {X-Key: abc, Authorization: [\"Bearer z\"]}\nhttp_headers:\n  X: {secrets: [s1, s2], values: [v]}\n",
        &expect![[r#"
            basic_auth:
              username: me
              password: <secret>
            authorization:
              type: Bearer
              credentials: <secret>
            bearer_token: <secret>
            anchored: hidden
            secret: <secret>
            password_file: /etc/pw
            url: "https://<secret>@host/path"
            remote_write:
              - url: x
                headers:
                  X-Key: <secret>
                  Authorization:
                    - <secret>
            http_headers:
              X:
                secrets: <secret>
                values:
                  - v
        "#]],
    );
}

#[test]
fn what_cannot_be_read_is_left_out_and_documents_stay_apart() {
    check(
        "a: 1\n---\n[\n---\nb: 2\n",
        &expect![[r#"
        a: 1
        ---
        b: 2
    "#]],
    );
}

proptest! {
    #[test]
    fn any_text_is_shown_as_yaml_that_reads_back_the_same(text in "[ -~äö\\n\\t]{0,40}") {
        let once = shown(&format!("- {}\n", super::scalar(&text)));
        prop_assert_eq!(shown(&once), once);
    }

    #[test]
    fn no_text_makes_it_panic(text: String) {
        shown(&text);
    }
}
