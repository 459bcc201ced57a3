//! What is answered, in the form of the request.
//!
//! Source: "OTLP Specification", sections "OTLP/HTTP Response", "Partial Success"; `google/rpc/status.proto`.

use serde_json::json;

use super::{Encoding, OtlpReceived};
use crate::wire::Writer;

/// `ExportMetricsServiceResponse`: empty when everything is stored, else with counts.
pub fn answer(received: &OtlpReceived, encoding: Encoding) -> Vec<u8> {
    let OtlpReceived { rejected, reasons, .. } = received;
    let is_whole = *rejected == 0 && reasons.is_empty();
    let message = reasons.join("; ");
    match encoding {
        Encoding::Protobuf if is_whole => Vec::new(),
        Encoding::Protobuf => {
            let mut writer = Writer::default();
            writer.message(1, |partial| {
                partial.uint(1, *rejected);
                partial.text(2, &message);
            });
            writer.into_bytes()
        }
        Encoding::Json if is_whole => b"{}".to_vec(),
        Encoding::Json => {
            // Numbers of 64 bits are texts in protobuf's JSON.
            let partial =
                json!({ "rejectedDataPoints": rejected.to_string(), "errorMessage": message });
            json!({ "partialSuccess": partial }).to_string().into_bytes()
        }
    }
}

/// `google.rpc.Status`, for every answer that is no success.
pub fn status(code: u8, message: &str, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Protobuf => {
            let mut writer = Writer::default();
            writer.uint(1, u64::from(code));
            writer.text(2, message);
            writer.into_bytes()
        }
        Encoding::Json => json!({ "code": code, "message": message }).to_string().into_bytes(),
    }
}
