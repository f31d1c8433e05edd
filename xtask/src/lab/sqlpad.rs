//! SQLPad, and a browser to open it with.
//!
//! ```text
//! $SEALOCK_LAB/sqlpad    SQLPad 3.1.0 (the newest that npm has) and what drives a browser: node_modules
//!              chromium  Chromium and the tools of its certificate database, unpacked, with the libraries that they need
//! ```
//!
//! Every package of npm's is in a lock file. After a change of `sqlpad/package.json`, in that folder:
//! `npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved`.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{component, fresh};
use crate::run::{at, quiet, show};
use crate::{Done, apt};

/// What is wanted, and a driver of PostgreSQL that ends: SQLPad's own hangs on node 14 and later.
const MANIFEST: &str = include_str!("sqlpad/package.json");
const LOCK: &str = include_str!("sqlpad/package-lock.json");

/// Debian 12's Chromium with every library that a small Debian lacks, and one typeface. Neither its desktop parts nor a
/// graphics driver: it draws into memory.
const BROWSER: &[&str] = &[
    "chromium",
    "chromium-common",
    "fonts-dejavu-core",
    "libnss3-tools",
    "libasound2",
    "libasyncns0",
    "libatk-bridge2.0-0",
    "libatk1.0-0",
    "libatspi2.0-0",
    "libavahi-client3",
    "libavahi-common3",
    "libbrotli1",
    "libbsd0",
    "libcairo2",
    "libcups2",
    "libdatrie1",
    "libdav1d6",
    "libdbus-1-3",
    "libdouble-conversion3",
    "libdrm2",
    "libexpat1",
    "libffi8",
    "libflac12",
    "libfontconfig1",
    "libfreetype6",
    "libfribidi0",
    "libgbm1",
    "libglib2.0-0",
    "libgraphite2-3",
    "libgssapi-krb5-2",
    "libharfbuzz-subset0",
    "libharfbuzz0b",
    "libjpeg62-turbo",
    "libk5crypto3",
    "libkeyutils1",
    "libkrb5-3",
    "libkrb5support0",
    "liblcms2-2",
    "libmd0",
    "libminizip1",
    "libmp3lame0",
    "libmpg123-0",
    "libnspr4",
    "libnss3",
    "libogg0",
    "libopenh264-7",
    "libopenjp2-7",
    "libopus0",
    "libpango-1.0-0",
    "libpixman-1-0",
    "libpng16-16",
    "libpulse0",
    "libsndfile1",
    "libsqlite3-0",
    "libthai0",
    "libvorbis0a",
    "libvorbisenc2",
    "libwayland-server0",
    "libx11-6",
    "libx11-xcb1",
    "libxau6",
    "libxcb-render0",
    "libxcb-shm0",
    "libxcb1",
    "libxcomposite1",
    "libxdamage1",
    "libxdmcp6",
    "libxext6",
    "libxfixes3",
    "libxi6",
    "libxkbcommon0",
    "libxnvctrl0",
    "libxrandr2",
    "libxrender1",
];

/// Installs whatever is missing.
pub(super) fn install(lab: &Path) -> Done {
    browser(lab)?;
    sqlpad(lab)
}

fn browser(lab: &Path) -> Done {
    component(lab, "chromium", &BROWSER.join(" "), || {
        let folder = fresh(&lab.join("chromium"))?;
        apt::Suite::open(lab, "bookworm")?.unpack(BROWSER, &folder)?;
        let triplet = format!("{}-linux-gnu", std::env::consts::ARCH);
        let libraries = ["usr/lib", "lib"].map(|place| folder.join(place).join(&triplet));
        let inner = ["nss", "pulseaudio"].map(|place| libraries[0].join(place));
        let path = libraries
            .iter()
            .chain(&inner)
            .map(|place| place.display().to_string())
            .collect::<Vec<_>>()
            .join(":");
        // A library that is missing is told here, with its name.
        for (program, argument) in [
            ("usr/lib/chromium/chromium", "--version"),
            ("usr/bin/certutil", "-H"),
        ] {
            let mut command = Command::new(folder.join(program));
            let said = quiet(command.arg(argument).env("LD_LIBRARY_PATH", &path));
            if argument == "--version" {
                println!("lab: {}", said?.trim());
            } else if let Err(said) = said
                && said.contains("shared libraries")
            {
                return Err(said);
            }
        }
        Ok(())
    })
}

fn sqlpad(lab: &Path) -> Done {
    component(lab, "sqlpad", LOCK, || {
        let folder = fresh(&lab.join("sqlpad"))?;
        for (name, text) in [("package.json", MANIFEST), ("package-lock.json", LOCK)] {
            let path = folder.join(name);
            at(&path, fs::write(&path, text))?;
        }
        show(Command::new("npm").current_dir(&folder).args([
            "ci",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
        ]))?;
        // SQLPad does this itself when it is first started; here several may start at once, and as another user.
        let public = folder.join("node_modules/sqlpad/public");
        let page = public.join("index.html");
        at(&page, fs::rename(&page, public.join("index-template.html")))
    })
}
