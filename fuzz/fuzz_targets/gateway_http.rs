//! Heads and chunked bodies from either side: what is taken is written anew in one way only, and means the
//! same. The first byte says which it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_gateway::proof;

fuzz_target!(|data: &[u8]| {
    let Some((which, data)) = data.split_first() else {
        return;
    };
    match which % 4 {
        0 => proof::request(data),
        1 => proof::response(data, "GET"),
        2 => proof::response(data, "HEAD"),
        _ => proof::chunked(data),
    }
});
