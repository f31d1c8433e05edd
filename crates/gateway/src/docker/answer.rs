//! Answers of our own, in the shape in which the Engine API tells errors.

use sealock_diag::Code;

use crate::http::buffer::Buffer;
use crate::http::emit::{self, After};

/// Why a request does not reach the daemon, or the daemon's answer not the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The status of the answer.
    pub(super) status: u16,
    /// The stable code; empty when the words are the daemon's own.
    pub(super) code: &'static str,
    /// What the caller is told.
    pub(super) message: String,
}

impl Refusal {
    /// In our own words, with a code.
    pub(super) fn new(status: u16, code: Code, what: &str) -> Self {
        Self {
            status,
            code: code.0,
            message: format!("sealock: {what} ({})", code.0),
        }
    }

    /// Writes the answer. `minor` and `method` are those of the request.
    pub(super) fn write(&self, out: &mut Buffer, minor: u8, method: &str, after: After) {
        let body = body(&self.message);
        let shown = (method != "HEAD").then_some(body.as_bytes());
        let json = "application/json";
        emit::own(out, minor, self.status, after, json, shown, body.len());
    }
}

/// `{"message":"…"}` and a line feed, as dockerd writes it.
fn body(message: &str) -> String {
    let mut out = String::with_capacity(message.len() + 16);
    out.push_str("{\"message\":");
    // A text is always JSON.
    out.push_str(&serde_json::to_string(message).unwrap_or_default());
    out.push_str("}\n");
    out
}

#[cfg(test)]
mod tests {
    use super::Refusal;
    use crate::http::buffer::Buffer;
    use crate::http::emit::After;
    use sealock_diag::Code;

    #[test]
    fn errors_have_the_shape_of_the_daemons_own() {
        let refusal = Refusal::new(403, Code("SL-X"), "no \"way\"\n");
        let written = |method| {
            let mut out = Buffer::default();
            refusal.write(&mut out, 1, method, After::Next);
            String::from_utf8(out.filled().to_vec()).unwrap()
        };
        assert_eq!(
            written("GET"),
            "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: 43\r\n\r\n\
             {\"message\":\"sealock: no \\\"way\\\"\\n (SL-X)\"}\n"
        );
        assert!(written("HEAD").ends_with("Content-Length: 43\r\n\r\n"));
    }
}
