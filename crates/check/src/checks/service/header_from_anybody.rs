//! F662: SQLPad believes a header, and more than a proxy can send it one.

use super::told;
use crate::{Check, Seen, Severity, Spot, Stage};

const CODE: &str = "SL-F662";

pub(super) const CHECK: Check = Check {
    code: CODE,
    title: "SQLPad believes whoever reaches it, and listens on more than loopback",
    severity: Severity::Open,
    stage: Stage::Settings,
    source: "SQLPad docs, authentication through a proxy (SQLPAD_AUTH_PROXY_ENABLED, SQLPAD_AUTH_PROXY_HEADERS, since 4.2); SQLPAD_IP is 0.0.0.0 by itself",
    meaning: "With SQLPAD_AUTH_PROXY_ENABLED a header of the request says who somebody is, and no password is asked for. The proxy in front \
              takes such a header away when it comes from outside; whoever reaches SQLPad past the proxy writes it himself, the \
              administrator's address for example. By itself SQLPad listens on every address of its host, and a published port of a \
              container does too.",
    remedy: "SQLPAD_IP=127.0.0.1, or ports: [\"127.0.0.1:3000:3000\"] in compose, and a restart. Clients come through [[gateway.web]].",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    told(seen, CODE)
}
