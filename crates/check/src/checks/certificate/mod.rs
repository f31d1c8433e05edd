//! F3xx: certificates and chains, on disk and on the wire.

mod anchor_expired;
mod anchor_expires_soon;
mod anchor_not_yet_valid;
mod anchor_outlived;
mod both_purposes;
mod ca_as_leaf;
mod chain_order;
mod client_both_purposes;
mod client_not_trusted;
mod client_purpose;
mod common_name_only;
mod equal_subjects;
mod expired;
mod expires_soon;
mod foreign_anchor;
mod ip_missing;
mod key_ids_differ;
mod key_usage;
mod long_life;
mod missing_intermediate;
mod name_missing;
pub(in crate::checks) mod naming;
mod no_ca;
mod no_cert_sign;
mod no_crl_sign;
mod no_purpose;
mod not_yet_valid;
mod old_generation;
mod one_ca;
pub(in crate::checks) mod path;
mod self_signed;
pub(in crate::checks) mod sighting;
mod stale;
mod superfluous;
mod twin_anchors;
mod unknown_authority;
mod unmatchable_name;
mod version_one;
mod weak_key;
mod weak_signature;
mod wrong_purpose;

use crate::Check;

/// The checks of this group.
pub(super) const ALL: &[&Check] = &[
    &expired::CHECK,
    &not_yet_valid::CHECK,
    &expires_soon::CHECK,
    &name_missing::CHECK,
    &ip_missing::CHECK,
    &common_name_only::CHECK,
    &wrong_purpose::CHECK,
    &no_purpose::CHECK,
    &both_purposes::CHECK,
    &ca_as_leaf::CHECK,
    &chain_order::CHECK,
    &missing_intermediate::CHECK,
    &self_signed::CHECK,
    &superfluous::CHECK,
    &unknown_authority::CHECK,
    &anchor_expired::CHECK,
    &anchor_not_yet_valid::CHECK,
    &anchor_outlived::CHECK,
    &anchor_expires_soon::CHECK,
    &weak_key::CHECK,
    &weak_signature::CHECK,
    &version_one::CHECK,
    &no_crl_sign::CHECK,
    &no_cert_sign::CHECK,
    &equal_subjects::CHECK,
    &twin_anchors::CHECK,
    &no_ca::CHECK,
    &key_ids_differ::CHECK,
    &long_life::CHECK,
    &old_generation::CHECK,
    &stale::CHECK,
    &one_ca::CHECK,
    &key_usage::CHECK,
    &unmatchable_name::CHECK,
    &client_purpose::CHECK,
    &client_both_purposes::CHECK,
    &client_not_trusted::CHECK,
    &foreign_anchor::CHECK,
];
