//! The codes of this folder: callers see them in the message of an answer, the audit has them in `code`.

use sealock_diag::Code;

/// The daemon cannot be reached.
pub(super) const UNREACHABLE: Code = Code("SL-G030");
/// The daemon closed without a word.
pub(super) const UNANSWERED: Code = Code("SL-G031");
/// The daemon's answer cannot be passed on.
pub(super) const BAD_ANSWER: Code = Code("SL-G032");
/// The request is framed in a way that is refused.
pub(super) const MALFORMED: Code = Code("SL-G033");
/// The answer must be gone through and cannot be.
pub(super) const UNSIFTED: Code = Code("SL-G034");
/// Requests must be recorded and cannot be.
pub(super) const UNRECORDED: Code = Code("SL-G035");
/// No policy is there to judge by.
pub(super) const NO_POLICY: Code = Code("SL-G036");
