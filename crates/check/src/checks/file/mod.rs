//! F4xx: files: form, match, modes, places.

mod bad_certificate_block;
mod certificate_missing;
mod certificate_writable;
mod daemon_ca_missing;
mod der;
mod encrypted_key;
mod folder_writable;
mod issuer_key_beside;
mod key_in_backup;
mod key_mismatch;
mod key_missing;
mod key_owner;
mod key_readable;
mod key_under_version_control;
mod leftovers;
mod marked;
mod not_a_file;
mod nothing_in_it;
pub(in crate::checks) mod owner;
mod several_keys;
mod swapped;
mod unusable_key;
mod vault_key_mode;

use crate::Check;

/// The checks of this group.
pub(super) const ALL: &[&Check] = &[
    &key_missing::CHECK,
    &certificate_missing::CHECK,
    &daemon_ca_missing::CHECK,
    &nothing_in_it::CHECK,
    &der::CHECK,
    &marked::CHECK,
    &encrypted_key::CHECK,
    &key_mismatch::CHECK,
    &key_readable::CHECK,
    &key_under_version_control::CHECK,
    &key_in_backup::CHECK,
    &swapped::CHECK,
    &not_a_file::CHECK,
    &certificate_writable::CHECK,
    &folder_writable::CHECK,
    &leftovers::CHECK,
    &issuer_key_beside::CHECK,
    &unusable_key::CHECK,
    &bad_certificate_block::CHECK,
    &key_owner::CHECK,
    &several_keys::CHECK,
    &vault_key_mode::CHECK,
];
