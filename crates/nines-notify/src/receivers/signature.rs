//! The signature of requests to AWS, version 4.
//!
//! Source: AWS, "Signature Version 4 for API requests". Only what a POST of a form needs: no query, one path.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::hex::hex;

/// Who signs, and for what.
pub(super) struct Signer<'a> {
    pub(super) access_key: &'a str,
    pub(super) secret_key: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

/// What is signed. Headers are in the order of their lower-case names.
pub(super) struct Signed<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) body: &'a str,
}

/// `20150830T123600Z`
pub(super) fn stamp(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The value of the header `authorization`.
pub(super) fn authorization(signer: &Signer<'_>, signed: &Signed<'_>, stamp: &str) -> String {
    let Signer { access_key, secret_key, region, service } = signer;
    let day: String = stamp.chars().take_while(char::is_ascii_digit).collect();
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let names: Vec<&str> = signed.headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let text =
        format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}", digest(&canonical(signed, &names)));
    let key = [region, service, &"aws4_request"]
        .into_iter()
        .fold(mac(format!("AWS4{secret_key}").as_bytes(), &day), |key, part| mac(&key, part));
    let code = hex(&mac(&key, &text));
    format!(
        "AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}, Signature={code}"
    )
}

fn canonical(signed: &Signed<'_>, names: &str) -> String {
    let Signed { method, path, query, headers, body } = signed;
    let headers: Vec<String> =
        headers.iter().map(|(name, value)| format!("{name}:{}", value.trim())).collect();
    let headers = headers.join("\n");
    format!("{method}\n{path}\n{query}\n{headers}\n\n{names}\n{}", digest(body))
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_documentation() {
        let signer = Signer {
            access_key: "AKIDEXAMPLE",
            secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
            service: "iam",
        };
        let headers = [
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("host", "iam.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
        ];
        let query = "Action=ListUsers&Version=2010-05-08";
        let signed = Signed { method: "GET", path: "/", query, headers: &headers, body: "" };
        let said = authorization(&signer, &signed, "20150830T123600Z");
        let code = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        assert!(said.ends_with(&format!("Signature={code}")), "{said}");
    }
}
