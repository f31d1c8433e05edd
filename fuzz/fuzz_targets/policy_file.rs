//! Policy files and files of cases: whatever is read compiles for a caller and judges, and errors are safe to print.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_diag::Diagnose;
use sealock_policy::{Asked, Assumed, Case, Name, Policy};

fuzz_target!(|text: &str| {
    match Policy::parse(text) {
        Ok(policy) => {
            let _ = (policy.remarks(), policy.roles(), policy.grant_views());
            for line in ["GET /containers/json", "POST /containers/x/exec", "POST /grpc", "DELETE /images/a"] {
                let asked = Asked {
                    caller: vec![Name::Cn("alice".to_owned())],
                    line: line.to_owned(),
                    body: String::new(),
                };
                for assumed in Assumed::ALL {
                    let _ = policy.attempt(&asked, *assumed);
                }
            }
            // What was learned is a policy.
            Policy::parse(&policy.learned().to_policy()).unwrap();
        }
        Err(error) => safe(&error),
    }
    match Case::parse(text) {
        Ok(cases) => assert!(cases.iter().all(|case| case.line > 0)),
        Err(error) => safe(&error),
    }
});

fn safe(error: &dyn Diagnose) {
    let said = [Some(error.to_string()), error.location(), Diagnose::cause(error), error.help()];
    let harmful = |c: char| c.is_control() && c != '\n';
    assert!(!said.iter().flatten().any(|text| text.contains(harmful)), "{said:?}");
}
