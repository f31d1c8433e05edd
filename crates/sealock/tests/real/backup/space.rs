//! A full disk leaves neither half an archive nor half a home.

use std::fs;
use std::path::Path;

use sealock_testkit::Scratch;
use sealock_testkit::process::call;

use super::ground::{Home, Keys};
use crate::common::Sealock;

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn a_full_disk_leaves_nothing_half() {
    let scratch = Scratch::new("full");
    let sealock = super::made(&scratch);
    let keys = Keys::new(&scratch, "holder");
    let small = scratch.join("small");
    fs::create_dir(&small).unwrap();
    let place = small.display().to_string();
    // Less than a vault needs; unmounted with the scratch folder.
    let _ = call("mount", &["-t", "tmpfs", "-o", "size=32k", "tmpfs", &place]).ok();
    let full = small.join("vault.age").display().to_string();
    let failed = sealock
        .run(&["backup", "-o", &full, "--to", &keys.recipient])
        .expect_code(1);
    assert!(failed.stderr.contains("error[SL-C003]"), "{failed}");
    assert_eq!(names(&small), [""; 0]);

    let archive = scratch.join("vault.age").display().to_string();
    let _ = sealock
        .run(&["backup", "-o", &archive, "--to", &keys.recipient])
        .expect_code(0);
    let other = Sealock::in_folder(&small);
    let words = ["restore", &archive, "--identity", &keys.file, "--yes"];
    let failed = other.run(&words).expect_code(1);
    assert!(failed.stderr.contains("error[SL-"), "{failed}");
    assert!(failed.stderr.contains("nothing was changed"), "{failed}");
    assert_eq!(names(&small), [""; 0]);
    let _ = call("mount", &["-o", "remount,size=8m", &place]).ok();
    let _ = other.run(&words).expect_code(0);
    Home::of(&other.home()).expect_same(&Home::of(&sealock.home()));
}
