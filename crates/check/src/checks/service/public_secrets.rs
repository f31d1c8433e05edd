//! F661: SQLPad with a secret that everybody knows, or that it tells everybody.

use super::told;
use crate::{Check, Seen, Severity, Spot, Stage};

const CODE: &str = "SL-F661";

pub(super) const CHECK: Check = Check {
    code: CODE,
    title: "SQLPad has a secret that everybody knows",
    severity: Severity::Open,
    stage: Stage::Settings,
    source: "SQLPad lib/config/config-items.js (defaults of SQLPAD_COOKIE_SECRET and SQLPAD_PASSPHRASE), routes/app.js before 6.8.1",
    meaning: "SQLPad signs its session cookies with SQLPAD_COOKIE_SECRET, and keeps the passwords of its database connections under \
              SQLPAD_PASSPHRASE. Both have values in its source, which it takes without a word when they are not set: whoever gets hold of \
              its files reads those passwords. Before 6.8.1 it also answers everybody who asks for /api/app, logged in or not, with \
              Google's client secret where \"yes\" is meant. What the secrets are is never told here.",
    remedy: "Make two, and restart SQLPad:\n  (umask 077; printf 'SQLPAD_COOKIE_SECRET=%s\\nSQLPAD_PASSPHRASE=%s\\n' $(openssl rand -hex 32) $(openssl \
             rand -hex 32) >>/etc/sqlpad/secrets.env)\nA new passphrase cannot read the connections that were saved under the old one: enter \
             their passwords again.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    told(seen, CODE)
}
