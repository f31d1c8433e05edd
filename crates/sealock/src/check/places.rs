//! Endpoints from the command line and from files.

use std::path::Path;

use sealock_diag::escape;
use sealock_probe::Place;

use crate::catalogue;
use crate::cli::Check;
use crate::failure::Failure;
use crate::input;

/// A list of endpoints is no longer than this.
const LIST_LIMIT: u64 = 16 * 1024 * 1024;

/// Of a line that is no endpoint, so much is shown.
const SHOWN: usize = 60;

/// Every endpoint that was asked for, in order, each once.
pub(crate) fn places(args: &Check) -> Result<Vec<Place>, Failure> {
    let mut places: Vec<Place> = Vec::new();
    let mut known = std::collections::HashSet::new();
    let mut add = |text: &str, origin: &str| -> Result<(), Failure> {
        let mut place = Place::parse(text).map_err(|error| {
            Failure::own(
                catalogue::BAD_ENDPOINT,
                format!("`{}` is no endpoint to look at", escape(&cut(text))),
            )
            .at(origin.to_owned())
            .because(error.why)
            .exit(crate::exit::Exit::Usage)
        })?;
        if let Some(name) = &args.name {
            place.name = name.clone();
        }
        if known.insert(place.label.clone()) {
            places.push(place);
        }
        Ok(())
    };
    for text in &args.endpoints {
        add(text, crate::failure::COMMAND_LINE)?;
    }
    if let Some(file) = &args.from {
        let path = if file == Path::new("-") {
            Path::new("/dev/stdin")
        } else {
            file
        };
        let bytes = input::read(path, LIST_LIMIT)?;
        let text = String::from_utf8_lossy(&bytes);
        let shown = escape(&file.to_string_lossy());
        for (number, line) in text.lines().enumerate() {
            // A comment begins with #, at the start of a line or behind a blank.
            let line = line
                .split_once(" #")
                .map_or(line, |(before, _)| before)
                .trim();
            if !line.is_empty() && !line.starts_with('#') {
                add(line, &format!("{shown}, line {}", number + 1))?;
            }
        }
        // A list that was cut off on its way must not look like a fleet with which nothing is wrong.
        if places.is_empty() {
            return Err(
                Failure::own(catalogue::BAD_ENDPOINT, "the list holds no endpoint")
                    .at(shown)
                    .because("expected an endpoint on each line, found none")
                    .exit(crate::exit::Exit::Usage),
            );
        }
    }
    Ok(places)
}

/// The beginning of a text.
fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
